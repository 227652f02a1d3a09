"""RetailOps: the control plane for a retailer's returns."""

from retailops.celery import app as celery_app

# Tasks find the application by this import, in every process that starts Django.
__all__ = ["celery_app"]

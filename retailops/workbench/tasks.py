"""Celery tasks of the workbench."""

import structlog
from celery import shared_task

from retailops.workbench.dashboards import weekly

log = structlog.get_logger(__name__)


@shared_task(name="workbench.weekly_summary")
def weekly_summary() -> None:
    """Send the weekly summaries whose time has come; beat asks every quarter of an hour, since Monday comes by zone."""
    log.info("weekly_summary.sent", count=weekly.send_due())

"""Addresses of reconciliation, below /api/v1/."""

from django.urls import path

from reconciliation.api.discrepancies import Discrepancies

urlpatterns = [path("discrepancies", Discrepancies.as_view(), name="discrepancies")]

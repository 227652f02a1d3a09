"""Addresses of reconciliation, below /api/v1/."""

from django.urls import path

from reconciliation.api.discrepancies import Discrepancies
from reconciliation.api.tellings import Tellings

urlpatterns = [
    path("discrepancies", Discrepancies.as_view(), name="discrepancies"),
    path("returns/<str:id>/tellings", Tellings.as_view(), name="return-tellings"),
]

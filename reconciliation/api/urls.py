"""Addresses of reconciliation, below /api/v1/."""

from django.urls import path

from reconciliation.api.discrepancies import Discrepancies
from reconciliation.api.settlements import Matches, SettlementEndpoint, Settlements
from reconciliation.api.tellings import Tellings

urlpatterns = [
    path("discrepancies", Discrepancies.as_view(), name="discrepancies"),
    path("settlements", Settlements.as_view(), name="settlements"),
    path("settlements/<uuid:id>", SettlementEndpoint.as_view(), name="settlement"),
    path("matches", Matches.as_view(), name="matches"),
    path("returns/<str:id>/tellings", Tellings.as_view(), name="return-tellings"),
]

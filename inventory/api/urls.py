"""Addresses of stock, below /api/v1/."""

from django.urls import path

from inventory.api.availability import AvailabilityEndpoint
from inventory.api.moves import Adjustments, Moves
from inventory.api.places import Items, LocationEndpoint, Locations
from inventory.api.quarantine import Quarantine, QuarantineRelease
from inventory.api.snapshots import SETTLING, Drifts, SnapshotEndpoint, Snapshots, StateMapEndpoint, StateMaps
from inventory.api.transfers import TransferCancel, TransferEndpoint, TransferReceipts, Transfers
from inventory.api.units import LotDate, LotEndpoint, Lots, SerialEndpoint, Serials

urlpatterns = [
    path("inventory/availability", AvailabilityEndpoint.as_view(), name="availability"),
    path("inventory/moves", Moves.as_view(), name="stock-moves"),
    path("inventory/adjustments", Adjustments.as_view(), name="stock-adjustments"),
    path("inventory/items", Items.as_view(), name="stock-items"),
    path("inventory/locations", Locations.as_view(), name="stock-locations"),
    path("inventory/locations/<str:code>", LocationEndpoint.as_view(), name="stock-location"),
    path("inventory/lots", Lots.as_view(), name="stock-lots"),
    path("inventory/lots/<uuid:id>", LotEndpoint.as_view(), name="stock-lot"),
    path("inventory/lots/<uuid:id>/date", LotDate.as_view(), name="stock-lot-date"),
    path("inventory/serials", Serials.as_view(), name="stock-serials"),
    path("inventory/serials/<uuid:id>", SerialEndpoint.as_view(), name="stock-serial"),
    path("inventory/quarantine", Quarantine.as_view(), name="stock-quarantine"),
    path("inventory/quarantine/<uuid:id>/release", QuarantineRelease.as_view(), name="stock-quarantine-release"),
    path("inventory/transfers", Transfers.as_view(), name="stock-transfers"),
    path("inventory/transfers/<uuid:id>", TransferEndpoint.as_view(), name="stock-transfer"),
    path("inventory/transfers/<uuid:id>/receipts", TransferReceipts.as_view(), name="stock-transfer-receipts"),
    path("inventory/transfers/<uuid:id>/cancel", TransferCancel.as_view(), name="stock-transfer-cancel"),
    path("inventory/snapshots", Snapshots.as_view(), name="stock-snapshots"),
    path("inventory/snapshots/<uuid:id>", SnapshotEndpoint.as_view(), name="stock-snapshot"),
    path("inventory/state-maps", StateMaps.as_view(), name="stock-state-maps"),
    path("inventory/state-maps/<str:source>", StateMapEndpoint.as_view(), name="stock-state-map"),
    path("inventory/drifts", Drifts.as_view(), name="stock-drifts"),
    *[path(f"inventory/drifts/<uuid:id>/{verb}", view.as_view()) for verb, view in SETTLING.items()],
]

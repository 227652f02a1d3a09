"""Addresses of the stock pages."""

from django.urls import path

from inventory.web import dialogs, differences, places, state_maps, transfers, units, views

app_name = "stock"
urlpatterns = [
    path("", views.stock, name="overview"),
    path("rows/", views.balances, name="balances"),
    path("rows/export.csv", views.balances_export, name="balances_export"),
    path("moves/", views.moves, name="moves"),
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/export.csv", views.quarantine_export, name="quarantine_export"),
    path("sku/<path:sku>/", views.sku_page, name="sku"),
    path("move/", dialogs.shift, name="shift"),
    path("count/", dialogs.count, name="count"),
    path("adjustments/<uuid:adjustment_id>/<slug:verdict>/", dialogs.adjustment_verdict, name="adjustment_verdict"),
    path("lots/", units.lot_list, name="lots"),
    path("lots/<uuid:lot_id>/", units.lot_page, name="lot"),
    path("lots/<uuid:lot_id>/date/", units.lot_date, name="lot_date"),
    path("serials/", units.serial_list, name="serials"),
    path("serials/<uuid:unit_id>/", units.serial_page, name="serial"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/send/", transfers.transfer_send, name="transfer_send"),
    path("transfers/<uuid:transfer_id>/", transfers.transfer_page, name="transfer"),
    path("transfers/<uuid:transfer_id>/receive/", transfers.transfer_receive, name="transfer_receive"),
    path("transfers/<uuid:transfer_id>/cancel/", transfers.transfer_cancel, name="transfer_cancel"),
    path("maps/", state_maps.map_list, name="maps"),
    path("maps/changes/<uuid:change_id>/<slug:verdict>/", state_maps.map_verdict, name="map_verdict"),
    path("maps/<str:source>/", state_maps.map_page, name="map"),
    path("maps/<str:source>/change/", state_maps.map_change, name="map_change"),
    path("differences/", differences.drift_list, name="drifts"),
    path("differences/<uuid:drift_id>/", differences.drift_detail, name="drift"),
    path("differences/<uuid:drift_id>/do/<slug:step>/", differences.drift_step, name="drift_step"),
    path("snapshots/<uuid:snapshot_id>/", differences.snapshot_detail, name="snapshot"),
    path("locations/", places.location_list, name="locations"),
    path("locations/add/", places.location_add, name="location_add"),
    path("locations/<str:code>/", places.location_edit, name="location"),
]

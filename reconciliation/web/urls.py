"""Addresses of the pages of discrepancies and of the source of truth."""

from django.urls import path

from reconciliation.web import truth_views, views

app_name = "discrepancies"
urlpatterns = [
    path("", views.discrepancy_list, name="list"),
    path("truth/", truth_views.truth_list, name="truth"),
    path("truth/own/", truth_views.own, name="own"),
    path("truth/<int:truth_id>/remove/", truth_views.disown, name="disown"),
    path("<uuid:discrepancy_id>/", views.discrepancy_detail, name="detail"),
    path("<uuid:discrepancy_id>/do/<slug:repair>/", views.repair, name="repair"),
]

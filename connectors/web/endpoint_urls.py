"""Addresses of the pages of webhook subscriptions."""

from django.urls import path

from connectors.web import endpoint_views as views

app_name = "subscriptions"
urlpatterns = [
    path("", views.endpoints, name="list"),
    path("new/", views.add, name="add"),
    path("<uuid:endpoint_id>/", views.endpoint, name="detail"),
    path("<uuid:endpoint_id>/edit/", views.edit, name="edit"),
    path("<uuid:endpoint_id>/rotate/", views.rotate, name="rotate"),
    path("<uuid:endpoint_id>/test/", views.test, name="test"),
    path("<uuid:endpoint_id>/disable/", views.disable, name="disable"),
    path("<uuid:endpoint_id>/enable/", views.enable, name="enable"),
    path("<uuid:endpoint_id>/remove/", views.remove, name="remove"),
]

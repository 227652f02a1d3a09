"""Addresses of the pages of API clients."""

from django.urls import path

from retailops.people.web import client_views

app_name = "clients"
urlpatterns = [
    path("", client_views.client_list, name="list"),
    path("new/", client_views.client_create, name="create"),
    path("<uuid:client_id>/", client_views.client_detail, name="detail"),
    path("<uuid:client_id>/change/", client_views.client_change, name="change"),
    path("<uuid:client_id>/rotate/", client_views.client_rotate, name="rotate"),
    path("<uuid:client_id>/revoke/", client_views.client_revoke, name="revoke"),
]

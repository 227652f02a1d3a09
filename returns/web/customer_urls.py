"""Addresses of the pages of customers."""

from django.urls import path

from returns.web import customer_views

app_name = "customers"
urlpatterns = [
    path("", customer_views.customer_list, name="list"),
    path("<uuid:customer_id>/", customer_views.customer_detail, name="detail"),
    path("<uuid:customer_id>/merge/<uuid:other_id>/", customer_views.merge, name="merge"),
    path("<uuid:customer_id>/unmerge/<uuid:merge_id>/", customer_views.unmerge, name="unmerge"),
    path("<uuid:customer_id>/erase/", customer_views.erase, name="erase"),
    path("<uuid:customer_id>/hold/", customer_views.hold, name="hold"),
]

"""Addresses of the pages of orders."""

from django.urls import path

from returns.web import order_views

app_name = "orders"
urlpatterns = [path("<uuid:order_id>/", order_views.order_detail, name="detail")]

"""Addresses of stock, below /api/v1/."""

from django.urls import path

from inventory.api.availability import AvailabilityEndpoint

urlpatterns = [path("inventory/availability", AvailabilityEndpoint.as_view(), name="availability")]

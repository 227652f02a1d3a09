"""Addresses of the kernel's events and deliveries, below /api/v1/."""

from django.urls import path

from retailops.events.api.catalogue import asyncapi_document, event_schema
from retailops.events.api.deliveries import Deliveries, DeliveryEndpoint, ReplayDelivery
from retailops.events.api.feed import EventEndpoint, EventsEndpoint

urlpatterns = [
    path("asyncapi.json", asyncapi_document, name="asyncapi"),
    path("schemas/<str:type_name>/<int:version>.json", event_schema, name="event-schema"),
    path("events", EventsEndpoint.as_view(), name="events"),
    path("events/<uuid:id>", EventEndpoint.as_view(), name="event"),
    path("deliveries", Deliveries.as_view(), name="deliveries"),
    path("deliveries/<uuid:id>", DeliveryEndpoint.as_view(), name="delivery"),
    path("deliveries/<uuid:id>/replay", ReplayDelivery.as_view(), name="delivery-replay"),
]

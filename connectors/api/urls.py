"""Addresses of connections and subscriptions, below /api/v1/."""

from django.urls import path

from connectors.api import connections, subscriptions

urlpatterns = [
    path("connections", connections.Connections.as_view(), name="connections"),
    path("connections/<uuid:id>", connections.ConnectionEndpoint.as_view(), name="connection"),
    path("connections/<uuid:id>/pause", connections.PauseConnection.as_view(), name="connection-pause"),
    path("connections/<uuid:id>/resume", connections.ResumeConnection.as_view(), name="connection-resume"),
    path("connections/<uuid:id>/probe", connections.ProbeConnection.as_view(), name="connection-probe"),
    path("subscriptions", subscriptions.Subscriptions.as_view(), name="subscriptions"),
    path("subscriptions/<uuid:id>", subscriptions.SubscriptionEndpoint.as_view(), name="subscription"),
    path("subscriptions/<uuid:id>/rotate", subscriptions.RotateSubscription.as_view(), name="subscription-rotate"),
    path("subscriptions/<uuid:id>/test", subscriptions.TestSubscription.as_view(), name="subscription-test"),
    path("subscriptions/<uuid:id>/disable", subscriptions.DisableSubscription.as_view(), name="subscription-disable"),
    path("subscriptions/<uuid:id>/enable", subscriptions.EnableSubscription.as_view(), name="subscription-enable"),
]

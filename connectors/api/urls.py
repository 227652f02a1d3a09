"""Addresses of connections and subscriptions, below /api/v1/."""

from django.urls import path

from connectors.api import administration, connections, subscriptions, trials

urlpatterns = [
    path("connectors", administration.Connectors.as_view(), name="connectors"),
    path("connections", administration.Connections.as_view(), name="connections"),
    path("connections/<uuid:id>", administration.Connection.as_view(), name="connection"),
    path("connections/<uuid:id>/impact", administration.ConnectionImpact.as_view(), name="connection-impact"),
    path("connections/<uuid:id>/rotate", administration.RotateSecret.as_view(), name="connection-rotate"),
    path("connections/<uuid:id>/versions", administration.Versions.as_view(), name="connection-versions"),
    path("connections/<uuid:id>/restore", administration.RestoreConnection.as_view(), name="connection-restore"),
    path("connections/<uuid:id>/retire", administration.RetireConnection.as_view(), name="connection-retire"),
    path("connections/<uuid:id>/mute", administration.MuteConnection.as_view(), name="connection-mute"),
    path("connections/<uuid:id>/unmute", administration.UnmuteConnection.as_view(), name="connection-unmute"),
    path("connections/<uuid:id>/mapping-trials", trials.TryMapping.as_view(), name="connection-trials"),
    path("connections/<uuid:id>/mapping", trials.ActivateMapping.as_view(), name="connection-mapping"),
    path("connections/<uuid:id>/pause", connections.PauseConnection.as_view(), name="connection-pause"),
    path("connections/<uuid:id>/resume", connections.ResumeConnection.as_view(), name="connection-resume"),
    path("connections/<uuid:id>/probe", connections.ProbeConnection.as_view(), name="connection-probe"),
    path("inbox-messages", trials.Messages.as_view(), name="inbox-messages"),
    path("inbox-messages/<uuid:id>/retry", trials.RetryMessage.as_view(), name="inbox-message-retry"),
    path("inbox-messages/<uuid:id>/set-aside", trials.SetMessageAside.as_view(), name="inbox-message-set-aside"),
    path("subscriptions", subscriptions.Subscriptions.as_view(), name="subscriptions"),
    path("subscriptions/<uuid:id>", subscriptions.SubscriptionEndpoint.as_view(), name="subscription"),
    path("subscriptions/<uuid:id>/rotate", subscriptions.RotateSubscription.as_view(), name="subscription-rotate"),
    path("subscriptions/<uuid:id>/test", subscriptions.TestSubscription.as_view(), name="subscription-test"),
    path("subscriptions/<uuid:id>/disable", subscriptions.DisableSubscription.as_view(), name="subscription-disable"),
    path("subscriptions/<uuid:id>/enable", subscriptions.EnableSubscription.as_view(), name="subscription-enable"),
]

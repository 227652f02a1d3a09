"""Which connections and subscriptions a list shows."""

from typing import ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from connectors.models import Connection, ConnectionVersion, InboxMessage, InboxStatus, WebhookEndpoint


class SubscriptionFilter(filters.FilterSet):
    """Filters of subscriptions."""

    type = filters.CharFilter(method="by_type")
    url = filters.CharFilter()

    class Meta:
        model = WebhookEndpoint
        fields: ClassVar[list[str]] = []

    def by_type(self, rows: QuerySet[WebhookEndpoint], name: str, value: str) -> QuerySet[WebhookEndpoint]:
        """Keep those that name exactly this pattern."""
        return rows.filter(types__contains=[value])


class VersionFilter(filters.FilterSet):
    """Filters of versions."""

    changed_by = filters.CharFilter()

    class Meta:
        model = ConnectionVersion
        fields: ClassVar[list[str]] = []


class MessageFilter(filters.FilterSet):
    """Filters of inbox messages."""

    connection = filters.UUIDFilter()
    status = filters.ChoiceFilter(choices=InboxStatus.choices)
    topic = filters.CharFilter()

    class Meta:
        model = InboxMessage
        fields: ClassVar[list[str]] = []


class ConnectionFilter(filters.FilterSet):
    """Filters of connections."""

    vendor = filters.CharFilter()
    name = filters.CharFilter()

    class Meta:
        model = Connection
        fields: ClassVar[list[str]] = []

"""Connections: list with health, one, pause, resume, probe."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from connectors import selectors
from connectors.api.filters import ConnectionFilter
from connectors.api.subscriptions import SwitchBody
from connectors.models import Connection
from connectors.services.configuring import newest_versions
from connectors.services.probing import probe_connection
from connectors.services.switching import pause_connection, resume_connection
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.events.enums import CircuitState
from retailops.events.selectors import QueueFigures, queue_figures
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import MoneyShape, Shape

VIEW, MANAGE = Permission.CONNECTIONS_VIEW, Permission.CONNECTIONS_MANAGE


class QueueShape(Shape):
    """What waits at the connection."""

    ready: int
    leased: int
    in_doubt: int
    dead: int
    oldest_due_at: datetime | None
    dead_money: list[MoneyShape] = Field(description="Money that waits on dead letters, by currency.")


class ConnectionShape(Shape):
    """One configured instance of a connector. No secret is in it."""

    id: UUID
    name: str = Field(description="Its webhook address is /webhooks/{name}; payments name it as their gateway.")
    vendor: str
    label: str
    version: int = Field(description="Number of its newest version; `expected_version` of a change.")
    config_version: int
    mapping_version: int
    regions: list[str]
    brands: list[str]
    channels: list[str]
    paused: bool
    pause_reason: str
    paused_by: str
    circuit: CircuitState
    last_success_at: datetime | None
    last_failure_at: datetime | None
    queue: QueueShape


class ConnectionList(Shape):
    """One page of connections."""

    results: list[ConnectionShape]
    next_cursor: str


class HealthShape(Shape):
    """What one harmless call found."""

    ok: bool
    detail: str
    milliseconds: int


def _queue(figures: QueueFigures) -> QueueShape:
    return QueueShape.build(
        ready=figures.ready, leased=figures.leased, in_doubt=figures.in_doubt, dead=figures.dead,
        oldest_due_at=figures.oldest_due_at, dead_money=[MoneyShape.from_money(money) for money in figures.dead_money],
    )  # fmt: skip


def _fields(connection: Connection, version: int) -> dict[str, Any]:
    there = connection.destination
    return {
        "id": connection.id, "version": version, "name": connection.name, "vendor": connection.vendor,
        "label": connection.label,
        "config_version": connection.config_version, "mapping_version": connection.mapping_version,
        "regions": connection.regions, "brands": connection.brands, "channels": connection.channels,
        "paused": there.paused, "pause_reason": there.pause_reason, "paused_by": there.paused_by,
        "circuit": there.circuit, "last_success_at": there.last_success_at, "last_failure_at": there.last_failure_at,
    }  # fmt: skip


def shapes(connections: Sequence[Connection]) -> list[ConnectionShape]:
    """Return the connections with what waits at each: a fixed number of queries."""
    newest = newest_versions(connections)
    figures = queue_figures([connection.destination_id for connection in connections])
    return [
        ConnectionShape.build(
            **_fields(connection, newest.get(connection.id, 0)),
            queue=_queue(figures.get(connection.destination_id, QueueFigures())),
        )
        for connection in connections
    ]


class ListedConnections(ListEndpoint):
    """Connections to external systems."""

    queryset = Connection.objects.none()
    filterset_class = ConnectionFilter

    @operation(
        id="listConnections", summary="Connections with their health", tag="Connections", permission=VIEW,
        query=PageQuery, orderings=("name", "-name", "-id", "id"), answers={200: ConnectionList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ConnectionList:
        """By name; with pause, circuit and what waits."""
        page = self.page(selectors.connections_visible_to(self.actor), query)
        return ConnectionList.build(results=shapes(page.rows), next_cursor=page.next_cursor)


class ShownConnection(Endpoint):
    """One connection."""

    @operation(
        id="getConnection", summary="A connection with its health", tag="Connections", permission=VIEW,
        answers={200: ConnectionShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ConnectionShape:
        """With pause, circuit and what waits."""
        return shapes([selectors.connection_visible_to(self.actor, id)])[0]


class PauseConnection(CommandEndpoint):
    """Holding a connection."""

    @operation(
        id="pauseConnection", summary="Send nothing for now", tag="Connections", permission=MANAGE, body=SwitchBody,
        answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: SwitchBody) -> ConnectionShape:
        """Held time uses up no attempts; what comes in is still taken."""
        return shapes([pause_connection(actor=self.actor, connection_id=id, reason=body.reason)])[0]


class ResumeConnection(CommandEndpoint):
    """Resuming a connection."""

    @operation(
        id="resumeConnection", summary="Send again", tag="Connections", permission=MANAGE, body=SwitchBody,
        answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: SwitchBody) -> ConnectionShape:
        """The oldest first."""
        return shapes([resume_connection(actor=self.actor, connection_id=id, reason=body.reason)])[0]


class ProbeConnection(Endpoint):
    """Asking the remote. No transaction is open meanwhile: it is I/O."""

    @operation(
        id="probeConnection", summary="Does the remote answer?", tag="Connections", permission=VIEW,
        answers={200: HealthShape},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> HealthShape:
        """One harmless call with the connection's own credentials."""
        return HealthShape.model_validate(probe_connection(actor=self.actor, connection_id=id))

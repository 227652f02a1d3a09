"""Adding and changing connections: config, scope, limits, secrets, versions, alerts. No answer has a secret."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints
from rest_framework.request import Request

from connectors import services
from connectors.api.connections import MANAGE, VIEW, ConnectionShape, ListedConnections, ShownConnection, shapes
from connectors.api.filters import VersionFilter
from connectors.api.subscriptions import RotationBody, SwitchBody
from connectors.failures import VendorFailure
from connectors.impact import Impact, Proposal, impact_of
from connectors.models import ConnectionVersion
from connectors.registry import connector_of, connectors
from connectors.selectors import connection_visible_to
from connectors.services.checking import checked_config, checked_mapping
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import Conflict
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Region = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
LIMITS = "Rate, concurrency, retries and times; what is left out takes the connector's own."


class ConnectorSecretShape(Shape):
    """A secret that the connector takes."""

    name: str
    label: str
    signs: bool = Field(description="Messages from the system are signed with it; two count while it is rotated.")
    required: bool


class ConnectorShape(Shape):
    """A kind of system that a connection can be added to, with the schemas of what it asks for."""

    vendor: str
    label: str
    proven: str
    config_schema: dict[str, Any] = Field(description="JSON Schema of `config`.")
    mapping_schema: dict[str, Any] = Field(description="JSON Schema of `mapping`.")
    secrets: list[ConnectorSecretShape]
    operations: list[str]
    topics: list[str]


class ConnectorList(Shape):
    """Every connector."""

    results: list[ConnectorShape]


class Connectors(Endpoint):
    """Kinds of system."""

    @operation(
        id="listConnectors", summary="Systems that can be connected", tag="Connections", permission=VIEW,
        answers={200: ConnectorList},
    )  # fmt: skip
    def get(self, request: Request) -> ConnectorList:
        """With the schemas of their configuration and mapping, and the secrets that they need."""
        return ConnectorList.build(
            results=[
                ConnectorShape.build(
                    vendor=each.vendor, label=each.label, proven=each.proven,
                    config_schema=each.Config.model_json_schema(),
                    mapping_schema=each.MappingSchema.model_json_schema(),
                    secrets=[ConnectorSecretShape.model_validate(spec) for spec in each.secrets],
                    operations=list(each.operations), topics=list(each.topics),
                )
                for each in connectors()
            ]
        )  # fmt: skip


class ConnectionBody(Body):
    """A connection that is to be added."""

    vendor: Text
    name: Text = Field(description="Small letters, digits, hyphens. Part of its addresses; it stays.")
    label: Text
    config: dict[str, Any] = Field(description="As `config_schema` of its connector says.")
    secrets: dict[str, Secret] = Field(default_factory=dict, description="Stored encrypted, never answered.")
    expiries: dict[str, AwareDatetime] = Field(default_factory=dict, description="When secrets end, by name.")
    mapping: dict[str, Any] = Field(default_factory=dict)
    regions: list[Region] = Field(default_factory=list, max_length=50, description="Empty: all.")
    brands: list[Scope] = Field(default_factory=list, max_length=50, description="Empty: all.")
    channels: list[Scope] = Field(default_factory=list, max_length=50, description="Empty: all.")
    limits: dict[str, Any] = Field(default_factory=dict, description=LIMITS)


class ConnectionChangeBody(Body):
    """What is to be different; what is left out stays. The mapping is changed by a trial."""

    reason: Reason
    expected_version: int | None = Field(None, ge=1, description="409 when another version is the newest.")
    label: Text | None = None
    config: dict[str, Any] | None = None
    regions: list[Region] | None = Field(None, max_length=50)
    brands: list[Scope] | None = Field(None, max_length=50)
    channels: list[Scope] | None = Field(None, max_length=50)
    limits: dict[str, Any] | None = Field(None, description=LIMITS)


class Connections(CommandEndpoint, ListedConnections):
    """Connections to external systems. No Idempotency-Key: nothing of a request with secrets is to be kept."""

    @operation(
        id="createConnection", summary="Add a connection", tag="Connections", permission=MANAGE, body=ConnectionBody,
        answers={201: ConnectionShape}, problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, body: ConnectionBody) -> ConnectionShape:
        """It sends and receives from now on."""
        return shapes([services.create_connection(actor=self.actor, **body.model_dump())])[0]


class Connection(CommandEndpoint, ShownConnection):
    """One connection."""

    @operation(
        id="changeConnection", summary="Change a connection", tag="Connections", permission=MANAGE,
        body=ConnectionChangeBody, answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def patch(self, request: Request, id: UUID, body: ConnectionChangeBody) -> ConnectionShape:
        """Each change is kept as a version. Ask for its impact first."""
        made = services.configure_connection(actor=self.actor, connection_id=id, **body.model_dump())
        return shapes([made])[0]


class ConnectionImpactBody(Body):
    """A change that is not made: only what it would mean is told."""

    config: dict[str, Any] | None = None
    mapping: dict[str, Any] | None = None
    regions: list[Region] | None = Field(None, max_length=50)
    brands: list[Scope] | None = Field(None, max_length=50)
    channels: list[Scope] | None = Field(None, max_length=50)
    retired: bool = False


class ReroutedShape(Shape):
    """Events of one scope that would go elsewhere; `to` is empty where nobody would take them."""

    operation: str
    region: str
    brand: str
    channel: str
    came_to: str
    to: str
    lately: int


class ConnectionImpactShape(Shape):
    """What waits, how open deliveries would be rendered, which events would be routed otherwise."""

    ready: int
    under_way: int
    in_doubt: int
    dead: int
    compared: int = Field(description="Open deliveries that were rendered both ways, at most 300.")
    differently: int
    broken: int
    mended: int
    rerouted: list[ReroutedShape]


class ConnectionImpact(Endpoint):
    """Foresight."""

    @operation(
        id="connectionImpact", summary="What a change would mean", tag="Connections", permission=MANAGE,
        body=ConnectionImpactBody, answers={200: ConnectionImpactShape}, problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ConnectionImpactBody) -> ConnectionImpactShape:
        """Nothing is changed."""
        connection = connection_visible_to(self.actor, id)
        given = body.model_dump()
        if body.config is not None:
            given["config"] = checked_config(connector_of(connection.vendor), body.config)
        if body.mapping is not None:
            given["mapping"] = checked_mapping(connector_of(connection.vendor), body.mapping)
        try:
            return _impact(impact_of(connection, Proposal(**given)))
        except VendorFailure as failure:
            raise Conflict(f"Its present configuration cannot be compared: {failure.message}") from failure


def _impact(found: Impact) -> ConnectionImpactShape:
    queue = found.queue
    return ConnectionImpactShape.build(
        ready=queue.ready, under_way=queue.leased, in_doubt=queue.in_doubt, dead=queue.dead,
        compared=found.looked_at, differently=found.differently, broken=found.broken, mended=found.mended,
        rerouted=[ReroutedShape.model_validate(each) for each in found.rerouted],
    )  # fmt: skip


class RotateSecretBody(RotationBody):
    """A new value of a secret."""

    name: Text
    value: Secret = Field(description="Stored encrypted, never answered.")
    expires_at: AwareDatetime | None = Field(None, description="When the system stops taking it.")


class RotateSecret(CommandEndpoint):
    """A new secret. No Idempotency-Key: nothing of the request is to be kept."""

    @operation(
        id="rotateConnectionSecret", summary="Replace a secret", tag="Connections", permission=MANAGE,
        body=RotateSecretBody, answers={200: ConnectionShape},
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RotateSecretBody) -> ConnectionShape:
        """The former value of a signing secret counts until the overlap is over; of others it ends at once."""
        return shapes([services.rotate_secret(actor=self.actor, connection_id=id, **body.model_dump())])[0]


class ConnectionVersionShape(Shape):
    """A configuration that is or was in force."""

    number: int
    config: dict[str, Any]
    config_version: int
    mapping: dict[str, Any]
    mapping_version: int
    scope: dict[str, Any]
    limits: dict[str, Any]
    changed_by: str
    reason: str
    changed_at: datetime


class ConnectionVersionList(Shape):
    """One page of versions."""

    results: list[ConnectionVersionShape]
    next_cursor: str


class Versions(ListEndpoint):
    """The versions of a connection."""

    queryset = ConnectionVersion.objects.none()
    filterset_class = VersionFilter

    @operation(
        id="listConnectionVersions", summary="Versions of a connection", tag="Connections", permission=VIEW,
        query=PageQuery, orderings=("-number", "number"), answers={200: ConnectionVersionList},
    )  # fmt: skip
    def get(self, request: Request, id: UUID, query: PageQuery) -> ConnectionVersionList:
        """The newest first, with who changed it and why."""
        connection = connection_visible_to(self.actor, id)
        page = self.page(ConnectionVersion.objects.filter(connection=connection), query)
        rows = [ConnectionVersionShape.model_validate(row) for row in page.rows]
        return ConnectionVersionList.build(results=rows, next_cursor=page.next_cursor)


class RestoreConnectionBody(Body):
    """Which version to go back to, and why."""

    number: int = Field(ge=1, le=2_000_000_000)
    reason: Reason
    expected_version: int | None = Field(None, ge=1, description="409 when another version is the newest.")


class RestoreConnection(CommandEndpoint):
    """Going back."""

    @operation(
        id="restoreConnection", summary="Go back to a version", tag="Connections", permission=MANAGE,
        body=RestoreConnectionBody, answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RestoreConnectionBody) -> ConnectionShape:
        """It becomes the newest version. Secrets stay as they are. Where its mapping is another one, it must have been
        tried with the connection as it is now (409 `mapping-untried`)."""
        return shapes([services.restore_version(actor=self.actor, connection_id=id, **body.model_dump())])[0]


class RetireConnection(CommandEndpoint):
    """The end of a connection."""

    @operation(
        id="retireConnection", summary="Retire a connection for good", tag="Connections", permission=MANAGE,
        body=SwitchBody, answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: SwitchBody) -> ConnectionShape:
        """It sends and receives nothing any more; its history stays, and its name stays taken."""
        return shapes([services.retire_connection(actor=self.actor, connection_id=id, reason=body.reason)])[0]


class MuteConnectionBody(Body):
    """Until when alerts are held, and why."""

    until: AwareDatetime = Field(description="At most 14 days ahead.")
    reason: Reason


class MuteConnection(CommandEndpoint):
    """Holding alerts."""

    @operation(
        id="muteConnection", summary="Hold alerts for a while", tag="Connections", permission=MANAGE,
        body=MuteConnectionBody, answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: MuteConnectionBody) -> ConnectionShape:
        """Nothing else changes; alerts go on by themselves then."""
        mute = services.mute_connection(actor=self.actor, connection_id=id, **body.model_dump())
        return shapes([mute.connection])[0]


class UnmuteConnection(CommandEndpoint):
    """Letting alerts go out."""

    @operation(
        id="unmuteConnection", summary="Let alerts go out again", tag="Connections", permission=MANAGE,
        answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> ConnectionShape:
        """Before the time that was set."""
        return shapes([services.unmute_connection(actor=self.actor, connection_id=id)])[0]

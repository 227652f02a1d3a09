"""Changed mappings: a trial over messages of the past, then activation of exactly what was tried; and the inbox."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from connectors import services
from connectors.api.administration import Reason
from connectors.api.connections import MANAGE, ConnectionShape, shapes
from connectors.api.filters import MessageFilter
from connectors.models import InboxMessage, InboxStatus
from connectors.selectors import messages_visible_to
from connectors.services.trials import MOST, USUAL
from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape


class MappingTrialBody(Body):
    """A mapping, and on how many messages it is tried."""

    mapping: dict[str, Any]
    last: int = Field(USUAL, ge=1, le=MOST, description="Of the stopped and of the delivered ones, each.")


class TrialFindingShape(Shape):
    """A message that the mapping does not leave as it is; redacted."""

    way: str = Field(description="`out` or `in`.")
    state: str
    verdict: str
    id: UUID
    what: str
    number: str
    before: str
    after: str


class MappingTrialShape(Shape):
    """What a changed mapping would do to the last messages."""

    id: UUID
    mapping: dict[str, Any]
    mapping_hash: str = Field(description="Present it to put exactly this mapping in force.")
    counts: dict[str, int] = Field(description="By state and verdict: `dead.mended`, `delivered.different` …")
    findings: list[TrialFindingShape]
    tried_at: datetime
    activated_at: datetime | None


class TryMapping(CommandEndpoint):
    """A trial."""

    @operation(
        id="tryMapping", summary="Try a changed mapping", tag="Connections", permission=MANAGE, body=MappingTrialBody,
        answers={201: MappingTrialShape},
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: MappingTrialBody) -> MappingTrialShape:
        """Renders the last stopped and delivered messages with both mappings. Nothing is sent."""
        return MappingTrialShape.model_validate(
            services.try_mapping(actor=self.actor, connection_id=id, mapping=body.mapping, last=body.last)
        )


class ActivationBody(Body):
    """The trial that was read, the hash of its mapping, and why."""

    trial_id: UUID
    mapping_hash: Annotated[str, StringConstraints(min_length=64, max_length=64)]
    reason: Reason


class ActivateMapping(CommandEndpoint):
    """A mapping comes into force."""

    @operation(
        id="activateMapping", summary="Put a tried mapping in force", tag="Connections", permission=MANAGE,
        body=ActivationBody, answers={200: ConnectionShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ActivationBody) -> ConnectionShape:
        """409 when another mapping was tried, or the connection was changed since."""
        return shapes([services.activate_mapping(actor=self.actor, connection_id=id, **body.model_dump())])[0]


class InboxMessageShape(Shape):
    """A stored message from outside, without its body."""

    id: UUID
    connection_id: UUID
    kind: str
    message_id: str
    topic: str
    status: InboxStatus
    tries: int
    error: str
    correlation_id: UUID | None
    received_at: datetime
    done_at: datetime | None


class InboxMessageList(Shape):
    """One page of messages."""

    results: list[InboxMessageShape]
    next_cursor: str


class Messages(ListEndpoint):
    """The inbox."""

    queryset = InboxMessage.objects.none()
    filterset_class = MessageFilter

    @operation(
        id="listInboxMessages", summary="Messages from outside", tag="Connections",
        permission=Permission.DELIVERIES_VIEW, query=PageQuery, orderings=("-id", "id"),
        answers={200: InboxMessageList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> InboxMessageList:
        """The newest first; none to a client of some regions alone: what a message is about is not known before."""
        page = self.page(messages_visible_to(self.actor), query)
        rows = [InboxMessageShape.model_validate(row) for row in page.rows]
        return InboxMessageList.build(results=rows, next_cursor=page.next_cursor)


class RetryMessage(CommandEndpoint):
    """A stopped message is taken again."""

    @operation(
        id="retryInboxMessage", summary="Take a stopped message again", tag="Connections",
        permission=Permission.DELIVERIES_REPLAY, answers={200: InboxMessageShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> InboxMessageShape:
        """409 when it is not stopped."""
        return InboxMessageShape.model_validate(services.retry_message(actor=self.actor, message_id=id))


class AsideBody(Body):
    """Why it is not taken."""

    reason: Reason


class SetMessageAside(CommandEndpoint):
    """A stopped message is ended."""

    @operation(
        id="setInboxMessageAside", summary="End a stopped message", tag="Connections",
        permission=Permission.DELIVERIES_DISCARD, body=AsideBody, answers={200: InboxMessageShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: AsideBody) -> InboxMessageShape:
        """What it asks for is not done; it stays stored, with the reason."""
        return InboxMessageShape.model_validate(
            services.set_message_aside(actor=self.actor, message_id=id, reason=body.reason)
        )

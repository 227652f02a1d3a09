"""Subscriptions: customers' addresses for signed webhooks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from connectors import selectors
from connectors.api.filters import SubscriptionFilter
from connectors.models import WebhookEndpoint
from connectors.webhooks_out import services
from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=64)]
VIEW, MANAGE = Permission.CONNECTIONS_VIEW, Permission.CONNECTIONS_MANAGE


class SubscriptionBody(Body):
    """Where events are sent, and which."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="An https address.", examples=["https://example.com/hooks/returns"]
    )
    types: list[Pattern] = Field(
        min_length=1, max_length=100, description="`*`, `return.*` or a type.", examples=[["return.*"]]
    )
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    regions: list[Scope] = Field(default_factory=list, max_length=50, description="Empty: all.")
    brands: list[Scope] = Field(default_factory=list, max_length=50, description="Empty: all.")


class SubscriptionChangeBody(Body):
    """What is to be different; what is left out stays."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    types: list[Pattern] | None = Field(None, min_length=1, max_length=100)
    description: Annotated[str, StringConstraints(max_length=200)] | None = None
    regions: list[Scope] | None = Field(None, max_length=50)
    brands: list[Scope] | None = Field(None, max_length=50)


class RotationBody(Body):
    """How long webhooks are signed by the former secret, too."""

    overlap_seconds: int | None = Field(None, ge=0, le=2_592_000, description="Default: a day; 0 ends it now.")


class SwitchBody(Body):
    """Why."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class SubscriptionShape(Shape):
    """An address with the event types that it gets."""

    id: UUID
    url: str
    types: list[str]
    description: str
    regions: list[str]
    brands: list[str]
    enabled: bool
    disabled_reason: str
    created_at: datetime


class SubscriptionSecret(SubscriptionShape):
    """A subscription with its new secret."""

    secret: str = Field(description="`whsec_…` of Standard Webhooks. Shown this once.")


class SubscriptionList(Shape):
    """One page of subscriptions."""

    results: list[SubscriptionShape]
    next_cursor: str


class TestSent(Shape):
    """A test event that is on its way."""

    event_id: UUID


def _fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id, "url": endpoint.url, "types": endpoint.types, "description": endpoint.description,
        "regions": endpoint.regions, "brands": endpoint.brands, "enabled": endpoint.disabled_at is None,
        "disabled_reason": endpoint.disabled_reason, "created_at": endpoint.created_at,
    }  # fmt: skip


def _shape(endpoint: WebhookEndpoint) -> SubscriptionShape:
    return SubscriptionShape.build(**_fields(endpoint))


def _with_secret(made: services.MadeEndpoint) -> SubscriptionSecret:
    return SubscriptionSecret.build(**_fields(made.endpoint), secret=made.secret)


class Subscriptions(CommandEndpoint, ListEndpoint):
    """Webhook endpoints. No Idempotency-Key: a stored answer would hold the secret."""

    queryset = WebhookEndpoint.objects.none()
    filterset_class = SubscriptionFilter

    @operation(
        id="listSubscriptions", summary="Webhook subscriptions", tag="Subscriptions", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: SubscriptionList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> SubscriptionList:
        """The newest first."""
        page = self.page(selectors.endpoints_visible_to(self.actor), query)
        shapes = [_shape(endpoint) for endpoint in page.rows]
        return SubscriptionList.build(results=shapes, next_cursor=page.next_cursor)

    @operation(
        id="createSubscription", summary="Subscribe to events", tag="Subscriptions", permission=MANAGE,
        body=SubscriptionBody, answers={201: SubscriptionSecret},
    )  # fmt: skip
    def post(self, request: Request, body: SubscriptionBody) -> SubscriptionSecret:
        """From now on the address gets signed webhooks (Standard Webhooks, CloudEvents). The secret is shown once."""
        return _with_secret(services.create_endpoint(actor=self.actor, **body.model_dump()))


class SubscriptionEndpoint(CommandEndpoint):
    """One subscription."""

    @operation(
        id="getSubscription", summary="A subscription", tag="Subscriptions", permission=VIEW,
        answers={200: SubscriptionShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> SubscriptionShape:
        """Without its secret."""
        return _shape(selectors.endpoint_visible_to(self.actor, id))

    @operation(
        id="changeSubscription", summary="Change a subscription", tag="Subscriptions", permission=MANAGE,
        body=SubscriptionChangeBody, answers={200: SubscriptionShape},
    )  # fmt: skip
    def patch(self, request: Request, id: UUID, body: SubscriptionChangeBody) -> SubscriptionShape:
        """Address, types, scope; what is left out stays."""
        return _shape(services.configure_endpoint(actor=self.actor, endpoint_id=id, **body.model_dump()))

    @operation(
        id="removeSubscription", summary="Remove a subscription", tag="Subscriptions", permission=MANAGE,
        answers={200: SubscriptionShape},
    )  # fmt: skip
    def delete(self, request: Request, id: UUID) -> SubscriptionShape:
        """For good; the history of its deliveries stays."""
        return _shape(services.retire_endpoint(actor=self.actor, endpoint_id=id))


class RotateSubscription(CommandEndpoint):
    """A new secret."""

    @operation(
        id="rotateSubscription", summary="Rotate a subscription's secret", tag="Subscriptions", permission=MANAGE,
        body=RotationBody, answers={200: SubscriptionSecret},
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RotationBody) -> SubscriptionSecret:
        """Webhooks bear both signatures until the overlap is over. The new secret is shown once."""
        made = services.rotate_endpoint_secret(actor=self.actor, endpoint_id=id, overlap_seconds=body.overlap_seconds)
        return _with_secret(made)


class TestSubscription(CommandEndpoint):
    """A test event."""

    @operation(
        id="testSubscription", summary="Send a test event", tag="Subscriptions", permission=MANAGE,
        answers={202: TestSent},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> TestSent:
        """One `webhook_endpoint.tested` event to this address alone, by the way that all events go."""
        return TestSent(event_id=services.send_test(actor=self.actor, endpoint_id=id).id)


class DisableSubscription(CommandEndpoint):
    """Holding a subscription."""

    @operation(
        id="disableSubscription", summary="Send nothing for now", tag="Subscriptions", permission=MANAGE,
        body=SwitchBody, answers={200: SubscriptionShape},
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: SwitchBody) -> SubscriptionShape:
        """What is owed is held; new events are not kept for it."""
        return _shape(services.disable_endpoint(actor=self.actor, endpoint_id=id, reason=body.reason))


class EnableSubscription(CommandEndpoint):
    """Resuming a subscription."""

    @operation(
        id="enableSubscription", summary="Send again", tag="Subscriptions", permission=MANAGE,
        answers={200: SubscriptionShape},
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> SubscriptionShape:
        """What was held goes first."""
        return _shape(services.enable_endpoint(actor=self.actor, endpoint_id=id))

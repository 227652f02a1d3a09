"""Deliveries: what is owed to which system, how it fared, and sending one again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events import replay, selectors
from retailops.events.access import access_delivery
from retailops.events.api.filters import DeliveryFilter
from retailops.events.enums import DeliveryStatus, EffectStatus, OutcomeClass, Trigger
from retailops.events.models import Attempt, Delivery
from retailops.events.verdicts import VerdictKind, standing
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyShape, Shape

ReasonText = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
ORDERINGS = ("-id", "id", "-next_attempt_at", "next_attempt_at")


class DeliveryShape(Shape):
    """One event owed to one destination. `effect_key` is stable over every retry and goes to the remote."""

    id: UUID
    event_id: UUID
    event_type: str
    subject: str
    correlation_id: UUID
    destination: str
    system: str
    operation: str
    effect_key: str
    repeat_safe: bool
    status: DeliveryStatus
    attempts: int = Field(description="How often it was tried.")
    next_attempt_at: datetime
    deadline_at: datetime
    amount: MoneyShape | None
    failure_class: OutcomeClass | None
    failure_code: str
    failure_message: str
    fingerprint: str
    external_reference: str
    created_at: datetime
    finished_at: datetime | None


class AttemptShape(Shape):
    """One try. Request and response are redacted."""

    attempt_no: int
    trigger: Trigger
    actor: str
    outcome: OutcomeClass
    code: str
    message: str
    http_status: int | None
    external_reference: str
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    started_at: datetime
    duration_ms: int
    late: bool = Field(description="The answer came after the lease was lost: evidence, never state.")


class EffectShape(Shape):
    """What the ledger knows of the change in the outside world."""

    kind: str
    business_key: str
    status: EffectStatus
    external_reference: str
    checked_at: datetime | None


class DeliveryDetail(DeliveryShape):
    """A delivery with its tries."""

    standing: str = Field(description="Status as people read it: also held, blocked, scheduled, due.")
    effect: EffectShape | None
    history: list[AttemptShape]


class DeliveryList(Shape):
    """One page of deliveries."""

    results: list[DeliveryShape]
    next_cursor: str


class ReplayBody(Body):
    """Why it is sent again, and how its request is made."""

    reason: ReasonText
    as_was: bool = Field(
        False, description="As its last try was rendered; else anew, with the mapping in force. The key is the same."
    )


class Verdict(Shape):
    """What became of the wish to send again. `already_done`: nothing was sent, because it is there."""

    verdict: VerdictKind
    why: str
    delivery: DeliveryShape


def delivery_fields(delivery: Delivery) -> dict[str, Any]:
    """Return the members of DeliveryShape; event and destination are loaded with it."""
    event = delivery.event
    return {
        "id": delivery.id, "event_id": delivery.event_id, "event_type": event.type,
        "subject": f"{event.subject_type}/{event.subject_id}", "correlation_id": event.correlation_id,
        "destination": delivery.destination.name, "system": delivery.destination.system,
        "operation": delivery.operation, "effect_key": delivery.effect_key, "repeat_safe": delivery.repeat_safe,
        "status": delivery.status, "attempts": delivery.attempt_no, "next_attempt_at": delivery.next_attempt_at,
        "deadline_at": delivery.deadline_at, "amount": MoneyShape.maybe(delivery.amount, delivery.currency),
        "failure_class": delivery.failure_class or None, "failure_code": delivery.failure_code,
        "failure_message": delivery.failure_message, "fingerprint": delivery.fingerprint,
        "external_reference": delivery.external_reference, "created_at": delivery.created_at,
        "finished_at": delivery.finished_at,
    }  # fmt: skip


def delivery_shape(delivery: Delivery) -> DeliveryShape:
    """Return one delivery without its tries."""
    return DeliveryShape.build(**delivery_fields(delivery))


def delivery_detail(delivery: Delivery) -> DeliveryDetail:
    """Return one delivery with its tries, oldest first."""
    attempts = Attempt.objects.filter(delivery=delivery).order_by("started_at", "recorded_at")
    return DeliveryDetail.build(
        **delivery_fields(delivery),
        standing=standing(delivery),
        effect=EffectShape.model_validate(delivery.effect) if delivery.effect else None,
        history=[AttemptShape.model_validate(attempt) for attempt in attempts],
    )


class Deliveries(ListEndpoint):
    """Deliveries to connections, handlers and webhooks."""

    queryset = Delivery.objects.none()
    filterset_class = DeliveryFilter

    @operation(
        id="listDeliveries", summary="Deliveries", tag="Deliveries", permission=Permission.DELIVERIES_VIEW,
        query=PageQuery, orderings=ORDERINGS, answers={200: DeliveryList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> DeliveryList:
        """The newest first. `status=dead` are the dead letters, `status=in_doubt` those whose outcome is not known."""
        page = self.page(selectors.deliveries_visible_to(self.actor), query)
        return DeliveryList.build(
            results=[delivery_shape(delivery) for delivery in page.rows], next_cursor=page.next_cursor
        )


class DeliveryEndpoint(Endpoint):
    """One delivery."""

    @operation(
        id="getDelivery", summary="A delivery with its attempts", tag="Deliveries",
        permission=Permission.DELIVERIES_VIEW, answers={200: DeliveryDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> DeliveryDetail:
        """Every try with redacted request and response, and what the effect ledger knows."""
        return delivery_detail(access_delivery(self.actor, id))


class ReplayDelivery(Endpoint):
    """Sending one delivery again. No transaction is opened here: the verdict may ask the remote."""

    @operation(
        id="replayDelivery", summary="Send a delivery again, if that is safe", tag="Deliveries",
        permission=Permission.DELIVERIES_REPLAY, body=ReplayBody, answers={200: Verdict}, problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ReplayBody) -> Verdict:
        """By its verdict, out of the effect ledger, a live look-up and the present state: sent, or marked delivered
        with the evidence, or refused (409) with `verdict` and `what_to_do`. The effect key stays the same."""
        found = replay.replay(self.actor, id, body.reason, as_was=body.as_was)
        delivery = access_delivery(self.actor, id)
        return Verdict.build(verdict=found.kind, why=found.why, delivery=delivery_shape(delivery))

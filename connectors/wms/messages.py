"""What the warehouse's webhooks ask of the domain: receipts, inspections, outcomes of placements and shipments."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from connectors.meanings import meanings_of
from connectors.protocol import Candidate, ConnectionContext, NotYet, SignatureRefused, Translated, Verified
from connectors.wms import mapping
from connectors.wms.config import WmsMapping
from connectors.wms.mapping import Arrival, Judgement, Unmapped
from connectors.wms.serials import note_placed
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Invalid, NotFound, Unprocessable
from returns.enums import DispositionStatus, ReturnKind
from returns.inputs import ReturnLineIn
from returns.inputs.parcels import ReturnToSenderIn
from returns.kinds import TRAITS
from returns.models import DispositionSlice, Receipt
from returns.selectors import returns_visible_to
from returns.services.blind import receive_blind
from returns.services.carrier_returns import return_to_sender
from returns.services.exchange_shipping import fail_exchange_shipment, ship_exchange
from returns.services.inspecting import inspect_return
from returns.services.placing import record_disposition_failed, record_disposition_posted
from returns.services.receiving import receive_return

Json = dict[str, Any]
SECRET = "webhook_secret"  # noqa: S105  # the secret's name
RECEIVED = "receipt.confirmed"
INSPECTED = "inspection.completed"
CONFIRMED = "placement.confirmed"
FAILED = "placement.failed"
SHIPPED = "shipment.shipped"
NOT_SHIPPED = "shipment.failed"
# By a placement's status, what its webhook is called.
OUTCOMES = {"confirmed": CONFIRMED, "failed": FAILED}
TOPICS = (RECEIVED, INSPECTED, CONFIRMED, FAILED, SHIPPED, NOT_SHIPPED)
# Refusals of an inspection that came before the receipt that it judges.
EARLY = frozenset({"more-than-received", "not-authorized"})


def comes_by_parcel(event: Event, candidate: Candidate) -> bool:
    """Tell whether the warehouse is to expect goods of a return: not where the customer keeps all of them."""
    kind = event.data.get("kind")
    travels = kind not in TRAITS or TRAITS[ReturnKind(kind)].by_parcel
    lines = event.data.get("lines", [])
    return travels and (not lines or any(mapping.units_to_come(line) > 0 for line in lines))


def key_of_announcement(event: Event) -> str:
    """Return the reference of a notice that is not the first of its return."""
    return f"{mapping.notice_reference(event.data)}:{event.id}"


def arrived_before(reference: str) -> dict[int, int]:
    """Return how many units of each line had come when the notice of that reference was announced."""
    announcement = mapping.announcement_of(reference)
    event = Event.objects.filter(pk=announcement).first() if announcement else None
    lines = event.data.get("lines", []) if event else []
    return {line["line_no"]: line.get("arrived", 0) for line in lines}


def names_of(conn: ConnectionContext) -> WmsMapping:
    """Return the connection's table of names."""
    return WmsMapping.model_validate(dict(conn.mapping))


def opened(message_id: str, body: bytes) -> Verified:
    """Read topic and lane of a message whose signature holds. Raises SignatureRefused when it is not one of ours."""
    try:
        content = json.loads(body)
        data = content["data"]
        lane = data.get("rma_number") or data.get("reference") or message_id
        return Verified(message_id, str(content["type"]), str(lane))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignatureRefused("the body is not a message of the contract") from error


def translate(conn: ConnectionContext, topic: str, data: Json) -> Translated | None:
    """Run the command of a topic. Raises NotYet, DomainError."""
    handler = HANDLERS.get(topic)
    if handler is None:
        raise Unprocessable(f"The contract has no message {topic!r}.", code="unknown-topic")
    try:
        return handler(conn, data)
    except Unmapped as error:
        raise Unprocessable(str(error), code="unmapped") from error


def place(conn: ConnectionContext, data: Json, status: str) -> Translated | None:
    """Record the outcome of a placement; one that is not ours changes nothing."""
    placed = mapping.placed(data, status)
    if placed is None:
        return Translated(result={"ignored": "a placement that we did not ask for"})
    if status == "confirmed":
        told_before = DispositionSlice.objects.filter(pk=placed.slice_id, status=DispositionStatus.POSTED).exists()
        record_disposition_posted(actor=conn.actor, slice_id=placed.slice_id, external_reference=placed.placement_id)
        if not told_before:
            note_placed(conn, placed)
    else:
        record_disposition_failed(actor=conn.actor, slice_id=placed.slice_id, failure=placed.failure)
    return Translated(result={"slice": str(placed.slice_id), "status": status})


def ship(conn: ConnectionContext, data: Json, status: str) -> Translated | None:
    """Record the outcome of a shipment; one that is not ours changes nothing."""
    told = mapping.shipped(data, status)
    if told is None:
        return Translated(result={"ignored": "a shipment that we did not ask for"})
    if status == "shipped":
        exchange = ship_exchange(actor=conn.actor, exchange_id=told.exchange_id, shipment=told.shipment)
    else:
        exchange = fail_exchange_shipment(actor=conn.actor, exchange_id=told.exchange_id, failure=told.failure)
    return Translated(exchange.rma.correlation_id, {"exchange": str(exchange.id), "status": status})


def _received(conn: ConnectionContext, data: Json) -> Translated:
    arrival = mapping.arrival(data, names_of(conn))
    return_id = _return_of(conn, arrival)
    if return_id is None:
        return_id = _undelivered(conn, arrival)
    if return_id is None:
        rma = receive_blind(actor=conn.actor, receipt=mapping.blind(arrival, conn.name, conn.config))
        return Translated(rma.correlation_id, {"return": rma.number, "blind": True})
    receipt = receive_return(actor=conn.actor, return_id=return_id, receipt=mapping.receipt(arrival))
    return Translated(receipt.rma.correlation_id, {"return": receipt.rma.number, "receipt": str(receipt.id)})


def _undelivered(conn: ConnectionContext, arrival: Arrival) -> UUID | None:
    """Return the return of a parcel of ours that was never delivered and bears its outbound number, opened now.

    None where it is no such parcel, or where its contents are not what is left of the order: that is a blind one.
    """
    if not arrival.parcel:
        return None
    lines = [ReturnLineIn(sku=line.sku, quantity=line.quantity) for line in arrival.lines]
    try:
        notice = ReturnToSenderIn(
            tracking=arrival.parcel[:80], source=conn.name, told_at=arrival.received_at, lines=lines
        )
        return return_to_sender(actor=conn.actor, notice=notice).id
    except (NotFound, Invalid, Unprocessable):
        return None


def _inspected(conn: ConnectionContext, data: Json) -> Translated:
    judged = mapping.judgement(data, conn.config, names_of(conn), meanings_of(conn))
    return_id = _return_of(conn, judged)
    location = _received_where(return_id) if return_id else ""
    if return_id is None or not location:
        raise NotYet(f"nothing of {judged.rma_number} has been received yet")
    try:
        told = mapping.inspection(judged, location)
        done = inspect_return(actor=conn.actor, return_id=return_id, inspection=told, reported=True)
    except (Unprocessable, Conflict) as refusal:
        if refusal.code not in EARLY:
            raise
        raise NotYet(refusal.detail) from refusal
    return Translated(done.rma.correlation_id, {"return": done.rma.number, "inspection": str(done.id)})


def _return_of(conn: ConnectionContext, message: Arrival | Judgement) -> UUID | None:
    """Return the id of the return that the message is about: by our reference, else by the number on the parcel."""
    known = returns_visible_to(conn.actor).values_list("pk", flat=True)
    found = known.filter(pk=message.return_id).first() if message.return_id else None
    return found or (known.filter(number=message.rma_number).first() if message.rma_number else None)


def _received_where(return_id: UUID) -> str:
    """Return where the last goods of a return were received; the contract's inspections name no place."""
    standing = Receipt.objects.filter(rma_id=return_id, reverses=None, reversal=None).order_by("-recorded_at", "-id")
    return str(standing.values_list("location__code", flat=True).first() or "")


def _confirmed(conn: ConnectionContext, data: Json) -> Translated | None:
    return place(conn, data, "confirmed")


def _failed(conn: ConnectionContext, data: Json) -> Translated | None:
    return place(conn, data, "failed")


def _shipped(conn: ConnectionContext, data: Json) -> Translated | None:
    return ship(conn, data, "shipped")


def _not_shipped(conn: ConnectionContext, data: Json) -> Translated | None:
    return ship(conn, data, "failed")


HANDLERS: dict[str, Callable[[ConnectionContext, Json], Translated | None]] = {
    RECEIVED: _received,
    INSPECTED: _inspected,
    CONFIRMED: _confirmed,
    FAILED: _failed,
    SHIPPED: _shipped,
    NOT_SHIPPED: _not_shipped,
}

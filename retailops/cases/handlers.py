"""Subscribers (same transaction as their event) that open and close cases, and the sweeps of this app."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases import wording
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import (
    escalate_by_age,
    expire_approvals,
    finish_endings,
    open_case,
    resolve_troubles,
    settle_groups,
    wake_groups,
)
from retailops.cases.telling import write_note
from retailops.events.catalog import Subject, subscribe
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.sweeps import register_sweep
from retailops.events.verdicts import VerdictKind
from retailops.lib.clock import now
from retailops.lib.money import Money

CASES = Actor.system("cases")
LONG_DOUBT = timedelta(minutes=15)
DELIVERY_DEAD, DELIVERY_IN_DOUBT, CONNECTION_REFUSED = "delivery.dead", "delivery.in_doubt", "connection.refused"

# What to do about a failure, by its class, where nobody has a better word for its code.
_NEXT = {
    OutcomeClass.BUSINESS: "Read why, put it right there or here, then send it again.",
    OutcomeClass.CONTRACT: "Mend the mapping of the connection, then send it again.",
    OutcomeClass.TRANSIENT: "See whether the system works again, then send it again.",
}


def register() -> None:
    """Register the subscribers and sweeps."""
    subscribe("delivery.dead", open_dead_delivery)
    for name in ("delivery.settled", "delivery.replayed", "delivery.discarded", "delivery.superseded"):
        subscribe(name, follow_delivery)
    subscribe("delivery.replay_taken_back", note_taken_back)
    subscribe("connection.paused", open_refused_connection)
    subscribe("connection.resumed", close_refused_connection)
    register_sweep("cases.long_doubts", open_long_doubts, every=60)
    register_sweep("cases.expire_approvals", expire_approvals, every=60)
    register_sweep("cases.group_endings", finish_endings)
    register_sweep("cases.wake_groups", wake_groups, every=30)
    register_sweep("cases.settle_groups", settle_groups, every=60)
    register_sweep("cases.escalate_by_age", escalate_by_age, every=60)


def trouble_of_delivery(delivery_id: UUID | str) -> str:
    """Return the dedupe key of everything that may be wrong with one delivery."""
    return f"delivery:{delivery_id}"


def open_dead_delivery(event: Event) -> None:
    """delivery.dead → a case in the group of its fingerprint; business and technical failures go to their own queue."""
    data = event.data
    failure = data["failure_class"]
    queue = CaseQueue.BUSINESS if failure == OutcomeClass.BUSINESS else CaseQueue.TECHNICAL
    open_case(CASES, _delivery_case(event, DELIVERY_DEAD, queue, _what_to_do(data)))


def _what_to_do(data: dict[str, Any]) -> str:
    found = wording.explained(data["system"], data["operation"], data["failure_code"])
    usual = _NEXT.get(data["failure_class"], "Look into it, then send it again or discard it.")
    return (found.next_action if found else "") or usual


def _delivery_case(event: Event, kind: str, queue: CaseQueue, next_action: str) -> CaseIn:
    data = event.data
    system = wording.system_of(UUID(data["destination_id"]), data["destination"])
    return CaseIn(
        kind=kind,
        queue=queue,
        title=wording.title(system, data, data["event_id"]),
        group_title=wording.group_title(system, data),
        dedupe_key=trouble_of_delivery(data["delivery_id"]),
        subject=_subject(event),
        detail=data["failure_message"],
        next_action=next_action,
        fingerprint=data["fingerprint"],
        system=data["system"],
        operation=data["operation"],
        connection=data["destination"],
        failure_class=data["failure_class"],
        failure_code=data["failure_code"],
        versions=_versions(UUID(data["delivery_id"])),
        delivery_id=UUID(data["delivery_id"]),
        money=Money(data["amount"], data["currency"]) if data["amount"] is not None else None,
        evidence={"class": data["failure_class"], "code": data["failure_code"], "effect_key": data["effect_key"]},
        cause=event.id,
    )


def _versions(delivery_id: UUID) -> tuple[int, int] | None:
    """Return with which versions of its connection the delivery was tried last."""
    tries = Attempt.objects.filter(delivery_id=delivery_id).order_by("-attempt_no", "-recorded_at")
    last = tries.values_list("config_version", "mapping_version").first()
    return last if last and last != (0, 0) else None


def _subject(event: Event) -> Subject:
    return Subject(
        event.subject_type,
        event.subject_id,
        event.correlation_id,
        str(event.subject_id),
        event.region,
        event.brand,
        event.channel,
    )


def follow_delivery(event: Event) -> None:
    """A delivery got through, was found done or given up: its case ends. Sent again: its case notes it."""
    key, why = trouble_of_delivery(event.data["delivery_id"]), _ending(event)
    if why:
        resolve_troubles(CASES, key, why, {"event_id": str(event.id), **_evidence(event.data)}, cause=event.id)
        return
    case = Case.objects.filter(dedupe_key=key, status=CaseStatus.OPEN).first()
    if case is not None:
        write_note(case, CASES, "replayed", f"Sent again by {event.actor}: {event.data.get('verdict', '')}")


def note_taken_back(event: Event) -> None:
    """delivery.replay_taken_back → its case notes that nothing was sent after all."""
    key = trouble_of_delivery(event.data["delivery_id"])
    case = Case.objects.filter(dedupe_key=key, status=CaseStatus.OPEN).first()
    if case is not None:
        write_note(case, CASES, "replayed", f"Taken back by {event.actor} before it was sent.")


def _ending(event: Event) -> str:
    data = event.data
    if event.type == "delivery.replayed":
        return "Found already done." if data["verdict"] == VerdictKind.ALREADY_DONE else ""
    if event.type == "delivery.settled":
        return {
            "delivered": "Delivered.",
            "present": "Looked up: it is there.",
            "absent": "Looked up: it was not there; it is sent again.",
        }[data["finding"]]
    return f"{event.type.removeprefix('delivery.').capitalize()}: {event.words}"


def _evidence(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in ("delivery_id", "external_reference", "finding", "verdict") if data.get(key)}


def open_refused_connection(event: Event) -> None:
    """connection.paused because it refused our credentials → one case, however many deliveries wait."""
    if event.data["cause"] != "auth":
        return
    name = event.data["destination"]
    system = wording.system_of(event.subject_id, name)
    open_case(
        CASES,
        CaseIn(
            kind=CONNECTION_REFUSED,
            queue=CaseQueue.TECHNICAL,
            title=f"{system} refuses our sign-in: nothing is sent to it until that is mended",
            dedupe_key=f"connection:{event.subject_id}:auth",
            subject=_subject(event),
            detail=event.data["reason"],
            next_action="Renew the connection's credentials, probe it, then resume it. What it is owed waits.",
            system=event.data["system"],
            operation=name,
            connection=name,
            failure_class=OutcomeClass.AUTH,
            cause=event.id,
        ),
    )


def close_refused_connection(event: Event) -> None:
    """connection.resumed → the case of its credentials ends."""
    key = f"connection:{event.subject_id}:auth"
    evidence = {"event_id": str(event.id), "resumed_by": event.actor}
    resolve_troubles(CASES, key, f"Resumed: {event.data['reason']}", evidence, cause=event.id)


def open_long_doubts(limit: int = 200) -> int:
    """Open a case for each delivery that has been in doubt for 15 minutes; return how many are new. A sweep."""
    known = Case.objects.filter(status=CaseStatus.OPEN, delivery_id__isnull=False).values("delivery_id")
    long = Delivery.objects.filter(status=DeliveryStatus.IN_DOUBT, in_doubt_since__lt=now() - LONG_DOUBT)
    doubts = long.exclude(pk__in=known).select_related("event", "destination").order_by("in_doubt_since")[:limit]
    for delivery in doubts:
        _open_long_doubt(delivery)
    return len(doubts)


def _open_long_doubt(delivery: Delivery) -> None:
    system = wording.system_of(delivery.destination_id, delivery.destination.name)
    money = Money(delivery.amount, delivery.currency) if delivery.amount is not None else None
    open_case(
        CASES,
        CaseIn(
            kind=DELIVERY_IN_DOUBT,
            queue=CaseQueue.TECHNICAL,
            title=wording.doubt_title(system, delivery.operation, money, delivery.event_id),
            group_title=wording.doubt_group_title(system, delivery.operation),
            dedupe_key=trouble_of_delivery(delivery.id),
            subject=_subject(delivery.event),
            detail=delivery.failure_message,
            next_action="Look into the other system: what it shows decides. Do not do it by other means meanwhile.",
            system=delivery.destination.system,
            operation=delivery.operation,
            connection=delivery.destination.name,
            failure_class=OutcomeClass.IN_DOUBT,
            versions=_versions(delivery.id),
            delivery_id=delivery.id,
            money=money,
            evidence={"effect_key": delivery.effect_key, "look_ups": delivery.look_ups},
            cause=delivery.event_id,
        ),
    )

"""May this delivery be sent again? Answered from the effect ledger, a live look-up, and the present state of things."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import TextChoices

from retailops.events.enums import OPEN_STATUSES, CircuitState, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.leases import is_leased
from retailops.events.lookup import ask, doubt_of
from retailops.events.models import Attempt, Delivery, Destination
from retailops.events.transport import Finding
from retailops.lib.clock import now
from retailops.lib.money import Money


class VerdictKind(TextChoices):
    """What a replay of one delivery would mean."""

    SAFE_REPEAT = "safe_repeat", "Safe to repeat"
    SAFE_ABSENT = "safe_absent", "Not there: safe to send"
    ALREADY_DONE = "already_done", "Already done"
    SUPERSEDED = "superseded", "Superseded"
    BLOCKED = "blocked", "Waits for an earlier one"
    NEEDS_APPROVAL = "needs_approval", "Needs a second person"
    NEEDS_EDIT = "needs_edit", "Must be corrected first"
    IN_DOUBT = "in_doubt", "Cannot be known now"


SENDS = frozenset({VerdictKind.SAFE_REPEAT, VerdictKind.SAFE_ABSENT})
# In minor units by currency; "*" for the others. Above it a second person decides.
DEFAULT_APPROVAL_LIMITS = {"*": 1_000_000}


@dataclass(frozen=True)
class Verdict:
    """What would happen, why, and what to do where it is refused.

    `finding` is the live look-up that it rests on, if one was made; `fence` and `status` are what it was computed from.
    """

    kind: VerdictKind
    why: str
    evidence: dict[str, Any] = field(default_factory=dict)
    what_to_do: str = ""
    finding: Finding | None = None
    fence: int = 0
    status: str = ""


VoidCheck = Callable[[Delivery], str]
Versions = Callable[[Destination], tuple[int, int]]
_void_checks: list[VoidCheck] = []
_versions: dict[str, Versions] = {}


def register_void_check(check: VoidCheck) -> None:
    """Register a domain's say: return why the delivery is void now (return canceled, amount changed), else ""."""
    if check not in _void_checks:
        _void_checks.append(check)


def register_versions(kind: str, versions: Versions) -> None:
    """Register how to read a destination's present (configuration version, mapping version), by destination kind."""
    _versions[kind] = versions


def present_versions(destination: Destination) -> tuple[int, int] | None:
    """Return a destination's present (configuration version, mapping version); None for one that has none."""
    read = _versions.get(destination.kind)
    return read(destination) if read else None


def verdict(delivery: Delivery, *, approved: bool = False) -> Verdict:
    """Return the verdict on sending the delivery again. May call the remote: never inside a transaction.

    `approved` says that a second person has agreed to the amount.
    """
    found = _by_status(delivery) or _by_ledger(delivery) or _by_domain(delivery) or _by_lane(delivery)
    found = found or _by_contract(delivery) or _by_remote(delivery)
    if found.kind in SENDS and not approved:
        found = _by_amount(delivery, found) or found
    return _sealed(found, delivery)


def _sealed(found: Verdict, delivery: Delivery) -> Verdict:
    return Verdict(
        found.kind, found.why, found.evidence, found.what_to_do, found.finding, delivery.fence, delivery.status
    )


def _by_status(delivery: Delivery) -> Verdict | None:
    if delivery.status == DeliveryStatus.DELIVERED:
        evidence = {"external_reference": delivery.external_reference}
        return Verdict(VerdictKind.ALREADY_DONE, "It was delivered.", evidence)
    if delivery.status in {DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED}:
        return Verdict(VerdictKind.SUPERSEDED, f"It was {delivery.status}.", what_to_do="Nothing: it is closed.")
    if is_leased(delivery):
        return Verdict(VerdictKind.IN_DOUBT, "It is being sent right now.", what_to_do="Wait for its answer.")
    return None


def _by_ledger(delivery: Delivery) -> Verdict | None:
    effect = delivery.effect
    if effect is None or effect.status != EffectStatus.CONFIRMED:
        return None
    evidence = {"external_reference": effect.external_reference, "ledger": effect.evidence}
    return Verdict(VerdictKind.ALREADY_DONE, "The effect ledger has it confirmed.", evidence)


def _by_domain(delivery: Delivery) -> Verdict | None:
    why = next((reason for check in _void_checks if (reason := check(delivery))), "")
    if not why:
        return None
    return Verdict(VerdictKind.SUPERSEDED, why, what_to_do="Discard it: it is no longer wanted.")


def _by_lane(delivery: Delivery) -> Verdict | None:
    if not delivery.destination.dead_blocks_lane:
        return None
    earlier = earlier_in_lane(delivery).first()
    if earlier is None:
        return None
    evidence = {"delivery_id": str(earlier.id), "operation": earlier.operation, "status": earlier.status}
    why = f"An earlier message of its lane is not done: {earlier.operation} ({earlier.status})."
    return Verdict(VerdictKind.BLOCKED, why, evidence, "Deal with the earlier one first; this one follows by itself.")


def earlier_in_lane(delivery: Delivery) -> Any:
    """Return the open deliveries before this one in its lane, first first."""
    return Delivery.objects.filter(
        destination=delivery.destination,
        lane_key=delivery.lane_key,
        lane_seq__lt=delivery.lane_seq,
        status__in=OPEN_STATUSES,
    ).order_by("lane_seq")


def _by_contract(delivery: Delivery) -> Verdict | None:
    if delivery.failure_class != OutcomeClass.CONTRACT or delivery.payload is not None:
        return None
    last = Attempt.objects.filter(delivery=delivery).order_by("-attempt_no", "-recorded_at").first()
    present = present_versions(delivery.destination)
    if last is None or (present is not None and present != (last.config_version, last.mapping_version)):
        return None
    return Verdict(
        VerdictKind.NEEDS_EDIT,
        f"It does not fit its contract, and neither message nor mapping has changed: {delivery.failure_message}",
        {"config_version": last.config_version, "mapping_version": last.mapping_version},
        "Correct the mapping of the connection, or edit the message.",
    )


def _by_remote(delivery: Delivery) -> Verdict:
    if delivery.first_sent_at is None:
        return Verdict(VerdictKind.SAFE_ABSENT, "It was never sent.")
    in_doubt = delivery.status == DeliveryStatus.IN_DOUBT
    if delivery.repeat_safe and not in_doubt and _key_is_young(delivery):
        age = int((now() - delivery.first_sent_at).total_seconds())
        return Verdict(VerdictKind.SAFE_REPEAT, "The remote takes the same key once.", {"key_age_seconds": age})
    return _by_finding(delivery, _ask(delivery.id, delivery.destination.kind))


def _ask(delivery_id: UUID, kind: str) -> Finding:
    doubt = doubt_of(delivery_id)
    return ask(doubt.claimed, kind) if doubt else Finding(None)


def _by_finding(delivery: Delivery, finding: Finding) -> Verdict:
    evidence = {"external_reference": finding.external_reference, "look_up": finding.evidence}
    if finding.present:
        return Verdict(VerdictKind.ALREADY_DONE, "Looked up: it is there.", evidence, finding=finding)
    if finding.present is False and _old_enough(delivery):
        return Verdict(VerdictKind.SAFE_ABSENT, "Looked up: it is not there.", evidence, finding=finding)
    if finding.present is False:
        wait = (
            f"It was sent less than {delivery.destination.absent_after_seconds} s ago: the remote may still be at it."
        )
        return Verdict(VerdictKind.IN_DOUBT, wait, evidence, "Wait a moment and ask again.", finding)
    if delivery.status == DeliveryStatus.DEAD and delivery.failure_class == OutcomeClass.BUSINESS:
        refused = {"code": delivery.failure_code, "message": delivery.failure_message}
        return Verdict(VerdictKind.SAFE_ABSENT, "The remote refused it outright: nothing was done.", refused)
    why = "It may have been done, and the remote cannot tell now."
    return Verdict(
        VerdictKind.IN_DOUBT, why, evidence, "A look-up is scheduled; it settles when the remote answers.", finding
    )


def _key_is_young(delivery: Delivery) -> bool:
    memory = delivery.destination.key_memory_seconds
    sent = delivery.first_sent_at
    return memory is None or sent is None or now() - sent < timedelta(seconds=memory)


def _old_enough(delivery: Delivery) -> bool:
    sent = delivery.sending_since
    return sent is None or now() - sent >= timedelta(seconds=delivery.destination.absent_after_seconds)


def _by_amount(delivery: Delivery, found: Verdict) -> Verdict | None:
    limits: dict[str, int] = getattr(settings, "REPLAY_APPROVAL_LIMITS", DEFAULT_APPROVAL_LIMITS)
    limit = limits.get(delivery.currency, limits["*"])
    if delivery.amount is None or delivery.amount <= limit:
        return None
    money = Money(delivery.amount, delivery.currency)
    return Verdict(
        VerdictKind.NEEDS_APPROVAL,
        f"{money} is above the limit for one person ({Money(limit, delivery.currency)}). {found.why}",
        found.evidence,
        "Ask for approval; a second person decides.",
        found.finding,
    )


def standing(delivery: Delivery) -> str:
    """Return the status as people read it: the stored one, or what a ready delivery waits for.

    `leased` (being sent), `held` (paused or open circuit), `blocked` (behind an earlier one), `scheduled` (a later
    try), `due`.
    """
    if delivery.status != DeliveryStatus.READY:
        return str(delivery.status)
    if is_leased(delivery):
        return "leased"
    if delivery.destination.paused or delivery.destination.circuit == CircuitState.OPEN:
        return "held"
    ahead = earlier_in_lane(delivery)
    if not delivery.destination.dead_blocks_lane:
        ahead = ahead.exclude(status=DeliveryStatus.DEAD)
    if ahead.exists():
        return "blocked"
    return "scheduled" if delivery.next_attempt_at > now() else "due"

"""May this delivery be sent again? Answered from the effect ledger, a live look-up, and the present state of things."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import TextChoices

from retailops.events.enums import OPEN_STATUSES, CircuitState, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.leases import is_leased
from retailops.events.lookup import ask, doubt_of
from retailops.events.models import Delivery, Destination
from retailops.events.transport import Finding
from retailops.events.verdict_facts import Facts, gather
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
VoidChecks = Callable[[Sequence[Delivery]], Mapping[UUID, str]]
Versions = Callable[[Destination], tuple[int, int]]
_void_checks: list[VoidCheck] = []
_void_checks_of_many: dict[VoidCheck, VoidChecks] = {}
_versions: dict[str, Versions] = {}


def register_void_check(check: VoidCheck, *, many: VoidChecks | None = None) -> None:
    """Register a domain's say: return why the delivery is void now (return canceled, amount changed), else "".

    `many` says the same of many at once, by id, in few queries: plans of thousands ask it.
    """
    if check not in _void_checks:
        _void_checks.append(check)
    if many is not None:
        _void_checks_of_many[check] = many


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
    found = _known(delivery, gather([delivery]), _void([delivery])) or _by_remote(delivery)
    return _weighed(found, delivery, approved=approved)


@dataclass(frozen=True)
class Known:
    """What is known of one delivery without asking anybody: `verdict` None means that only the remote can say.

    Of a blocked one `after` names the open delivery right before it, and `then` what the verdict will be once that is
    done (None: only the remote can say).
    """

    verdict: Verdict | None
    then: Verdict | None = None
    after: UUID | None = None


def known_verdicts(deliveries: Sequence[Delivery]) -> dict[UUID, Known]:
    """Return what is known of each delivery, by id, in a fixed number of queries. Nobody outside is asked.

    The deliveries come with event, destination and effect loaded.
    """
    facts, void = gather(deliveries), _void(deliveries)
    return {delivery.id: _known_of(delivery, facts, void) for delivery in deliveries}


def _known_of(delivery: Delivery, facts: Facts, void: Mapping[UUID, str]) -> Known:
    found = _known(delivery, facts, void) or _without_asking(delivery)
    if found is None:
        return Known(None)
    found = _weighed(found, delivery, approved=False)
    if found.kind != VerdictKind.BLOCKED:
        return Known(found)
    then = _by_contract(delivery, facts) or _without_asking(delivery)
    return Known(found, then and _weighed(then, delivery, approved=False), facts.ahead[delivery.id].nearest)


def asked_verdict(delivery: Delivery) -> Verdict:
    """Return the verdict on a delivery of which only the remote knows. Calls it: never inside a transaction."""
    return _weighed(_by_remote(delivery), delivery, approved=False)


def unanswered_verdict(delivery: Delivery) -> Verdict:
    """Return the verdict on a delivery whose remote was not asked, because it does not answer at present."""
    return _weighed(_by_finding(delivery, Finding(None)), delivery, approved=False)


def _known(delivery: Delivery, facts: Facts, void: Mapping[UUID, str]) -> Verdict | None:
    found = _by_status(delivery, facts) or _by_ledger(delivery) or _by_domain(void.get(delivery.id, ""))
    return found or _by_lane(delivery, facts) or _by_contract(delivery, facts)


def _void(deliveries: Sequence[Delivery]) -> dict[UUID, str]:
    """Return why deliveries are void, by id, as the domains say; the first that says so counts."""
    found: dict[UUID, str] = {}
    for check in _void_checks:
        many = _void_checks_of_many.get(check)
        said = many(deliveries) if many and len(deliveries) > 1 else {each.id: check(each) for each in deliveries}
        found = {id: why for id, why in said.items() if why} | found
    return found


def _weighed(found: Verdict, delivery: Delivery, *, approved: bool) -> Verdict:
    if found.kind in SENDS and not approved:
        found = _by_amount(delivery, found) or found
    return _sealed(found, delivery)


def _sealed(found: Verdict, delivery: Delivery) -> Verdict:
    return Verdict(
        found.kind, found.why, found.evidence, found.what_to_do, found.finding, delivery.fence, delivery.status
    )


def _by_status(delivery: Delivery, facts: Facts) -> Verdict | None:
    if delivery.status == DeliveryStatus.DELIVERED:
        evidence = {"external_reference": delivery.external_reference}
        return Verdict(VerdictKind.ALREADY_DONE, "It was delivered.", evidence)
    if delivery.status in {DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED}:
        return Verdict(VerdictKind.SUPERSEDED, f"It was {delivery.status}.", what_to_do="Nothing: it is closed.")
    if delivery.id in facts.leased:
        return Verdict(VerdictKind.IN_DOUBT, "It is being sent right now.", what_to_do="Wait for its answer.")
    return None


def _by_ledger(delivery: Delivery) -> Verdict | None:
    effect = delivery.effect
    if effect is None or effect.status != EffectStatus.CONFIRMED:
        return None
    evidence = {"external_reference": effect.external_reference, "ledger": effect.evidence}
    return Verdict(VerdictKind.ALREADY_DONE, "The effect ledger has it confirmed.", evidence)


def _by_domain(why: str) -> Verdict | None:
    if not why:
        return None
    return Verdict(VerdictKind.SUPERSEDED, why, what_to_do="Discard it: it is no longer wanted.")


def _by_lane(delivery: Delivery, facts: Facts) -> Verdict | None:
    earlier = facts.ahead.get(delivery.id)
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


def _by_contract(delivery: Delivery, facts: Facts) -> Verdict | None:
    last = facts.versions.get(delivery.id)
    if last is None:
        return None
    present = _present(delivery.destination, facts)
    if present is not None and present != last:
        return None
    return Verdict(
        VerdictKind.NEEDS_EDIT,
        f"It does not fit its contract, and neither message nor mapping has changed: {delivery.failure_message}",
        {"config_version": last[0], "mapping_version": last[1]},
        "Correct the mapping of the connection, or edit the message.",
    )


def _present(destination: Destination, facts: Facts) -> tuple[int, int] | None:
    """Return the destination's present versions; None where nobody knows them. Asked once for all deliveries."""
    if destination.id not in facts.present:
        facts.present[destination.id] = present_versions(destination)
    return facts.present[destination.id]


def _by_remote(delivery: Delivery) -> Verdict:
    return _without_asking(delivery) or _by_finding(delivery, _ask(delivery.id, delivery.destination.kind))


def _without_asking(delivery: Delivery) -> Verdict | None:
    """Return the verdict where our own records settle it: never sent, or repeatable under a key that is young."""
    if delivery.first_sent_at is None:
        return Verdict(VerdictKind.SAFE_ABSENT, "It was never sent.")
    in_doubt = delivery.status == DeliveryStatus.IN_DOUBT
    if delivery.repeat_safe and not in_doubt and _key_is_young(delivery):
        age = int((now() - delivery.first_sent_at).total_seconds())
        return Verdict(VerdictKind.SAFE_REPEAT, "The remote takes the same key once.", {"key_age_seconds": age})
    return None


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


def approval_limit(currency: str) -> int:
    """Return how much one person may send again, in minor units; above it a second person decides."""
    limits: dict[str, int] = getattr(settings, "REPLAY_APPROVAL_LIMITS", DEFAULT_APPROVAL_LIMITS)
    return limits.get(currency, limits["*"])


def _by_amount(delivery: Delivery, found: Verdict) -> Verdict | None:
    limit = approval_limit(delivery.currency)
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

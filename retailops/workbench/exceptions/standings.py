"""What sending a stopped delivery again would mean, as far as the database knows: for chips in lists and `verdict:`.

The verdict proper asks the other system and is made where somebody sends again (`retailops.events.verdicts`). Here each
delivery falls into the first that fits, in the same order of asking; what only the other system knows is in doubt.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Case as Choice
from django.db.models import CharField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable, RawSQL

from retailops.events.enums import OPEN_STATUSES, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.models import Attempt, Delivery, Effect
from retailops.events.verdicts import DEFAULT_APPROVAL_LIMITS, VerdictKind
from retailops.lib.clock import now

KINDS = [str(kind) for kind in VerdictKind]
BLOCKED = str(VerdictKind.BLOCKED)
VALUES = ("safe", *KINDS)


Rung = tuple[Q, VerdictKind]


def standing() -> Combinable:
    """Return the expression over deliveries that names the standing (a VerdictKind)."""
    steps = [When(condition, then=Value(str(kind))) for condition, kind in _ladder()]
    return Choice(*steps, default=Value(str(VerdictKind.SAFE_REPEAT)), output_field=CharField())


def standing_is(value: str) -> Q:
    """Return the condition on deliveries that they stand so (`safe`: either of the safe ones).

    It is the same ladder as `standing`, put as what must hold and what must not, so that the database asks what costs
    little first, and finds the few that are blocked from their lanes instead of asking each delivery.
    """
    ladder = _ladder()
    if value == "safe":
        # The last rung tells the two safe ones apart.
        return _none_of(ladder[:-1])
    kinds = [str(kind) for _, kind in ladder]
    if value not in kinds:
        return _none_of(ladder)
    at = kinds.index(value)
    reached = in_lane("blocked") & Q(destination__dead_blocks_lane=True) if value == BLOCKED else ladder[at][0]
    return reached & _none_of(ladder[:at])


def _none_of(rungs: Sequence[Rung]) -> Q:
    found = Q()
    for condition, _ in rungs:
        found &= ~condition
    return found


def _ladder() -> list[Rung]:
    return [
        (_done(), VerdictKind.ALREADY_DONE),
        (Q(status__in=[DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED]), VerdictKind.SUPERSEDED),
        (_blocked(), VerdictKind.BLOCKED),
        (_unmended(), VerdictKind.NEEDS_EDIT),
        (~_absent() & ~_repeatable(), VerdictKind.IN_DOUBT),
        (_above_limit(), VerdictKind.NEEDS_APPROVAL),
        (_absent(), VerdictKind.SAFE_ABSENT),
    ]


def in_lane(place: str) -> Q:
    """Return the condition on deliveries that open ones of their lane come before them (`blocked`) or after them
    (`blocking`); found from the lanes that hold more than one, which are few."""
    return Q(pk__in=RawSQL(_PLACES[place], []))  # noqa: S611  # one of our own two texts


# Which open deliveries there are is a constant of the index over lanes, so that its order groups them.
_SHARED = """
SELECT d.id FROM (
    SELECT destination_id, lane_key, min(lane_seq) AS first, max(lane_seq) AS last FROM events_delivery
     WHERE status IN ('ready', 'in_doubt', 'dead') GROUP BY destination_id, lane_key HAVING count(*) > 1) l
  CROSS JOIN LATERAL (
    SELECT id, lane_seq FROM events_delivery
     WHERE destination_id = l.destination_id AND lane_key = l.lane_key AND status IN ('ready', 'in_doubt', 'dead')
    OFFSET 0) d"""
_PLACES = {
    "blocked": _SHARED + " WHERE d.lane_seq > l.first",
    "blocking": _SHARED + " WHERE d.lane_seq < l.last",
}


def _done() -> Q:
    # Not joined: few deliveries are looked at, and effects are as many as deliveries ever were.
    confirmed = Effect.objects.filter(pk=OuterRef("effect_id"), status=EffectStatus.CONFIRMED)
    return Q(status=DeliveryStatus.DELIVERED) | Q(Exists(confirmed))


def _blocked() -> Q:
    earlier = Delivery.objects.filter(
        destination=OuterRef("destination"),
        lane_key=OuterRef("lane_key"),
        lane_seq__lt=OuterRef("lane_seq"),
        status__in=OPEN_STATUSES,
    )
    return Q(destination__dead_blocks_lane=True) & Q(Exists(earlier))


def _unmended() -> Q:
    """The contract was broken, and neither the message nor the connection has changed since."""
    last = Attempt.objects.filter(
        delivery=OuterRef("pk"),
        config_version=OuterRef("destination__connection__config_version"),
        mapping_version=OuterRef("destination__connection__mapping_version"),
        attempt_no=OuterRef("attempt_no"),
    )
    return Q(failure_class=OutcomeClass.CONTRACT, payload__isnull=True) & Q(Exists(last))


def _absent() -> Q:
    """Nothing is there: it never left, or it was refused outright."""
    return Q(first_sent_at=None) | Q(status=DeliveryStatus.DEAD, failure_class=OutcomeClass.BUSINESS)


def _repeatable() -> Q:
    """The other system still remembers the key, and takes it once."""
    memory = ExpressionWrapper(
        F("destination__key_memory_seconds") * Value(timedelta(seconds=1)), output_field=DurationField()
    )
    young = Q(destination__key_memory_seconds=None) | Q(first_sent_at__gt=Value(now()) - memory)
    return Q(repeat_safe=True, status=DeliveryStatus.DEAD) & young


def _above_limit() -> Q:
    limits: dict[str, int] = getattr(settings, "REPLAY_APPROVAL_LIMITS", DEFAULT_APPROVAL_LIMITS)
    named = [code for code in limits if code != "*"]
    found = Q(amount__gt=limits["*"]) & ~Q(currency__in=named)
    for code in named:
        found |= Q(currency=code, amount__gt=limits[code])
    return found

"""What sending a stopped delivery again would mean, as far as the database knows: for chips in lists and `verdict:`.

The verdict proper asks the other system and is made where somebody sends again (`retailops.events.verdicts`). Here each
delivery falls into the first that fits, in the same order of asking; what only the other system knows is in doubt.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Case as Choice
from django.db.models import CharField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable

from retailops.events.enums import OPEN_STATUSES, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.models import Attempt, Delivery
from retailops.events.verdicts import DEFAULT_APPROVAL_LIMITS, VerdictKind
from retailops.lib.clock import now

KINDS = [str(kind) for kind in VerdictKind]
SAFE = [str(VerdictKind.SAFE_REPEAT), str(VerdictKind.SAFE_ABSENT)]
VALUES = ("safe", *KINDS)


def standing() -> Combinable:
    """Return the expression over deliveries that names the standing (a VerdictKind)."""
    ladder = (
        (_done(), VerdictKind.ALREADY_DONE),
        (Q(status__in=[DeliveryStatus.DISCARDED, DeliveryStatus.SUPERSEDED]), VerdictKind.SUPERSEDED),
        (_blocked(), VerdictKind.BLOCKED),
        (_unmended(), VerdictKind.NEEDS_EDIT),
        (~_absent() & ~_repeatable(), VerdictKind.IN_DOUBT),
        (_above_limit(), VerdictKind.NEEDS_APPROVAL),
        (_absent(), VerdictKind.SAFE_ABSENT),
    )
    steps = [When(condition, then=Value(str(kind))) for condition, kind in ladder]
    return Choice(*steps, default=Value(str(VerdictKind.SAFE_REPEAT)), output_field=CharField())


def standing_of_case() -> Subquery:
    """Return the standing of the delivery that a case is about; NULL for a case without one."""
    return Subquery(
        Delivery.objects.filter(pk=OuterRef("delivery_id")).annotate(standing=standing()).values("standing")
    )


def stands(value: str) -> Q:
    """Return the condition on cases that their delivery stands so (`safe`: either of the safe ones)."""
    wanted = SAFE if value == "safe" else [value]
    mine = Delivery.objects.filter(pk=OuterRef("delivery_id")).annotate(standing=standing())
    return Q(Exists(mine.filter(standing__in=wanted)))


def _done() -> Q:
    return Q(status=DeliveryStatus.DELIVERED) | Q(effect__status=EffectStatus.CONFIRMED)


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

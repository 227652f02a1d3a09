"""What a version would have come to, were its clocks moved by other events: by the events of the last days again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from retailops.accounts.actor import Actor
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at
from retailops.sla.access import seen_by
from retailops.sla.book import MOVES, Book, compose_book, version_of
from retailops.sla.dial import START
from retailops.sla.models import ClockState, PolicyStatus, SlaClock, SlaPolicy
from retailops.sla.moves import OURS
from retailops.sla.rebuilding import keys_of, replay

# The newest events that would start a clock; beyond it the preview says that it is a sample.
MOST = 2000
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def moves_otherwise(policy: SlaPolicy) -> bool:
    """Tell whether its clocks are moved otherwise than those of the versions of its name that were in force."""
    fields = [field for _, field in MOVES]
    others = SlaPolicy.objects.filter(name=policy.name).exclude(status=PolicyStatus.DRAFT).exclude(pk=policy.pk)
    return any(
        getattr(policy, field) != getattr(other, field)
        for other in others.filter(effective_from__isnull=False)
        for field in fields
    )


def try_moves(actor: Actor, policy: SlaPolicy, days: int) -> tuple[list[SlaClock], bool]:
    """Return the clocks (not written) that the version would have had, and whether only the newest were tried."""
    known = _as_if_in_force(policy)
    since = now() - timedelta(days=days)
    starts = {
        type for type, moves in known.versions[policy.id].moves.items() if any(kind == START for kind, _ in moves)
    }
    rows = Event.objects.filter(seen_by(actor), type__in=starts, source=OURS, id__gte=uuid7_at(since))
    found = list(rows.order_by("-position")[: MOST + 1])
    made = replay(known, keys_of(known, found[:MOST]), {event.correlation_id for event in found[:MOST]})
    clocks = [clock for clock in made.values() if clock.state != ClockState.CANCELED and clock.started_at >= since]
    return clocks, len(found) > MOST


def _as_if_in_force(policy: SlaPolicy) -> Book:
    return compose_book([replace(version_of(policy), effective_from=LONG_AGO, effective_to=None)])

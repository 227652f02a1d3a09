"""What a version would have come to over the last days: by the marks of the clocks that ran, or by their events."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.sla.access import clocks_visible_to
from retailops.sla.book import terms_of
from retailops.sla.dial import Terms, marks_of, passed, read_dial
from retailops.sla.models import ClockState, SlaClock, SlaPolicy
from retailops.sla.trying import moves_otherwise, try_moves

DAYS = 30
# The newest clocks that are read; beyond it the preview says that it is a sample.
MOST = 20_000


@dataclass
class Preview:
    """How many clocks of the scope ran, how many broke the promise as it was, and would have broken this one.

    `channels` counts the latter by channel; `sampled` tells that only the newest were read. Where other events move its
    clocks (`moved`): `fresh` would have run and did not, `gone` did and would not have.
    """

    clocks: int = 0
    were: int = 0
    would: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    sampled: bool = False
    moved: bool = False
    fresh: int = 0
    gone: int = 0

    @property
    def by_channel(self) -> list[tuple[str, int]]:
        """Return channels with breaches, the most first."""
        return self.channels.most_common()


def preview(actor: Actor, policy: SlaPolicy, *, days: int = DAYS) -> Preview:
    """Return what the version would have come to for the clocks of its name that started within so many days."""
    rows = clocks_visible_to(actor).filter(
        name=policy.name, started_at__gte=now() - timedelta(days=days), **policy.scope
    )
    if policy.starts and moves_otherwise(policy):
        return _by_events(actor, policy, days, rows.exclude(state=ClockState.CANCELED))
    clocks = rows.exclude(state=ClockState.CANCELED).order_by("-started_at")[: MOST + 1]
    found, terms = Preview(), terms_of(policy)
    for number, clock in enumerate(clocks.iterator(chunk_size=2000)):
        if number == MOST:
            found.sampled = True
            break
        _count(found, clock, terms)
    return found


def _by_events(actor: Actor, policy: SlaPolicy, days: int, ran: QuerySet[SlaClock]) -> Preview:
    """Let the events of those days move clocks as the version says, and compare them with those that ran."""
    clocks, sampled = try_moves(actor, policy, days)
    before = dict(ran.order_by("-started_at").values_list("subject_id", "breached_at")[:MOST])
    found = Preview(clocks=len(clocks), sampled=sampled, moved=True)
    late = [clock for clock in clocks if passed(clock.due_at, clock.ended_at, now())]
    would = {clock.subject_id for clock in clocks}
    found.were = sum(1 for breached in before.values() if breached is not None)
    found.would, found.channels = len(late), Counter(clock.channel for clock in late)
    found.fresh = len(would - before.keys())
    found.gone = 0 if sampled else len(before.keys() - would)
    return found


def _count(found: Preview, clock: SlaClock, terms: Terms) -> None:
    shown = read_dial(terms, marks_of(clock.marks))
    found.clocks += 1
    found.were += clock.breached_at is not None
    if passed(shown.due_at, shown.ended_at, now()):
        found.would += 1
        found.channels[clock.channel] += 1

"""What a version would have come to over the last days: exact, by the marks of the clocks that ran."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.sla.access import clocks_visible_to
from retailops.sla.book import terms_of
from retailops.sla.dial import Terms, marks_of, passed, read_dial
from retailops.sla.models import ClockState, SlaClock, SlaPolicy

DAYS = 30
# The newest clocks that are read; beyond it the preview says that it is a sample.
MOST = 20_000


@dataclass
class Preview:
    """How many clocks of the scope ran, how many broke the promise as it was, and would have broken this one.

    `channels` counts the latter by channel; `sampled` tells that only the newest were read.
    """

    clocks: int = 0
    were: int = 0
    would: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    sampled: bool = False

    @property
    def by_channel(self) -> list[tuple[str, int]]:
        """Return channels with breaches, the most first."""
        return self.channels.most_common()


def preview(actor: Actor, policy: SlaPolicy, *, days: int = DAYS) -> Preview:
    """Return what the version would have come to for the clocks of its name that started within so many days."""
    rows = clocks_visible_to(actor).filter(
        name=policy.name, started_at__gte=now() - timedelta(days=days), **policy.scope
    )
    clocks = rows.exclude(state=ClockState.CANCELED).order_by("-started_at")[: MOST + 1]
    found, terms = Preview(), terms_of(policy)
    for number, clock in enumerate(clocks.iterator(chunk_size=2000)):
        if number == MOST:
            found.sampled = True
            break
        _count(found, clock, terms)
    return found


def _count(found: Preview, clock: SlaClock, terms: Terms) -> None:
    shown = read_dial(terms, marks_of(clock.marks))
    found.clocks += 1
    found.were += clock.breached_at is not None
    if passed(shown.due_at, shown.ended_at, now()):
        found.would += 1
        found.channels[clock.channel] += 1

"""What must hold over all clocks, whatever happened."""

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import transaction

from retailops.lib.audit import Breach, register_audit, register_sql_audit
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at
from retailops.sla.book import book
from retailops.sla.clock_rows import Key, locked_clocks
from retailops.sla.models import SlaClock
from retailops.sla.rebuilding import differs, replay

SAMPLE = 200
# How long the sweep may be away before a clock that nobody looked at counts as forgotten: from when it was due, or from
# when what was told late made it so.
GRACE_SECONDS = 60

_TIMES = """
SELECT 'clock/' || c.id, c.name || ' is ' || c.state || ', and its times or its promise say otherwise'
FROM sla_slaclock c JOIN sla_slapolicy p ON p.id = c.policy_id
WHERE c.breached_at IS DISTINCT FROM c.due_at AND c.breached_at IS NOT NULL
   OR c.ended_at IS NOT NULL AND coalesce(c.ended_at > c.due_at, false) <> (c.breached_at IS NOT NULL)
   OR c.ended_at < c.started_at OR c.elapsed_seconds < 0 OR c.due_at < c.started_at
   OR c.state = 'running' AND c.due_at IS NULL
   OR c.elapsed_seconds > p.target_seconds AND c.breached_at IS NULL
   OR c.target_seconds <> p.target_seconds OR c.name <> p.name OR c.subject_type <> p.subject_type
"""
_FORGOTTEN = """
SELECT 'clock/' || id, name || ' was to be looked at ' || coalesce(look_at, due_at)
FROM sla_slaclock
WHERE greatest(look_at, seen_at) < clock_timestamp() - make_interval(secs => %(grace)s) AND look_at IS NOT NULL
   OR state = 'running' AND breached_at IS NULL
      AND greatest(due_at, seen_at) < clock_timestamp() - make_interval(secs => %(grace)s)
"""


def register() -> None:
    """Register the audits of clocks with `manage.py audit`."""
    register_sql_audit("an SLA clock says what its times say", _TIMES, invariant="19")
    register_sql_audit(
        "no running SLA clock is forgotten", _FORGOTTEN, invariant="20", parameters={"grace": GRACE_SECONDS}
    )
    register_audit("an SLA clock is what its events make it", changed_clocks, invariant="19")


def changed_clocks() -> Iterator[Breach]:
    """Rebuild the newest clocks and some from any time; yield each that is not what its events make it."""
    clocks = {(clock.name, clock.subject_id): clock for clock in _sample()}
    for key in _wrong(clocks):
        with transaction.atomic():  # live traffic may have moved it meanwhile: look again while nobody can
            again = locked_clocks({key})
            if again and _wrong(again):
                clock = again[key]
                yield Breach(f"clock/{clock.id}", f"{clock.name} is not what its events make it")


def _sample() -> list[SlaClock]:
    """Return clocks that events started (those of deliveries follow rows, not events)."""
    rows = SlaClock.objects.exclude(subject_type="delivery").order_by("-id")
    oldest = rows.order_by("started_at").values_list("started_at", flat=True).first()
    if oldest is None:
        return []
    somewhere = oldest + random.random() * max(now() - oldest, timedelta())  # noqa: S311  # a sample, no secret
    return [*rows[:SAMPLE], *rows.filter(id__lt=uuid7_at(somewhere))[:SAMPLE]]


def _wrong(clocks: dict[Key, SlaClock]) -> Iterable[Key]:
    made = replay(book(), set(clocks), {clock.correlation_id for clock in clocks.values()})
    return [key for key, clock in clocks.items() if key not in made or differs(clock, made[key])]

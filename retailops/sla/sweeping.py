"""The sweep: clocks whose warning or due time has come are taken by the index on `look_at`, and told once."""

from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from retailops.lib.clock import now
from retailops.sla.book import book
from retailops.sla.clock_rows import update_clocks
from retailops.sla.events import ClockBreached, ClockFact, ClockWarned
from retailops.sla.models import SlaClock
from retailops.sla.telling import publish_facts
from retailops.sla.winding import settle

BATCH = 500
# Less than the time after which PostgreSQL looks for deadlocks: where a command and the sweep wait for each other, the
# sweep gives way and comes again.
PATIENCE = "200ms"


def look_at_clocks(limit: int = BATCH) -> int:
    """Tell what has passed of up to `limit` clocks; return how many. A sweep; safe beside others of its kind."""
    try:
        return _look(limit)
    except OperationalError:  # somebody holds a case that is to be raised: one clock must not hold up the others
        return sum(_tried(id) for id in _due().values_list("id", flat=True)[: limit // 10])


def _tried(id: UUID) -> int:
    try:
        return _look(1, id=id)
    except OperationalError:
        return 0


def _due() -> QuerySet[SlaClock]:
    return SlaClock.objects.filter(look_at__lt=now()).order_by("look_at")


@transaction.atomic
def _look(limit: int, **only: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    clocks = list(_due().select_for_update(no_key=True, skip_locked=True).filter(**only)[:limit])
    moment = now()
    told = [(kind, clock) for clock in clocks if (kind := _pass(clock, moment))]
    update_clocks(clocks)
    if told:
        publish_facts(book(), told)
    return len(clocks)


def _pass(clock: SlaClock, moment: datetime) -> type[ClockFact] | None:
    """Write on the clock what has passed; return what is to be told of it."""
    settle(clock, moment)
    kind: type[ClockFact] | None = None
    if clock.breached_at is not None:
        clock.breach_told_at, kind = moment, ClockBreached
    elif clock.warned_at is not None:
        clock.warned_told_at, kind = moment, ClockWarned
    settle(clock, moment)
    return kind

"""Returns that came and went by day, read from the sums of `ReturnFlow`: some thousand rows, however many returns."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import LiteralString

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.events.raw_sql import execute, fetch
from returns.models import ReturnFlow

BATCH = 5_000
# What a statement deletes it sums up itself, so that no other fold, and no return that changes meanwhile, is lost.
_FOLD: LiteralString = """
WITH loose AS (
    SELECT DISTINCT at, region, brand
      FROM (SELECT at, region, brand FROM returns_returnflow WHERE NOT folded ORDER BY id LIMIT %(batch)s) l
), gone AS (
    DELETE FROM returns_returnflow f USING loose l
     WHERE f.at = l.at AND f.region = l.region AND f.brand = l.brand
    RETURNING f.at, f.region, f.brand, f.came, f.went, f.folded
), sums AS (
    INSERT INTO returns_returnflow (at, region, brand, came, went, folded)
    SELECT at, region, brand, sum(came), sum(went), true FROM gone GROUP BY at, region, brand
    HAVING sum(came) <> 0 OR sum(went) <> 0
)
SELECT count(*) FILTER (WHERE NOT folded) FROM gone
"""
# The same as the backfill of the table: what the sums are to be.
COUNTED: LiteralString = """
SELECT at, region, brand, sum(came) AS came, sum(went) AS went FROM (
    SELECT date_bin('15 minutes', requested_at, 'epoch') AS at, region, brand, 1 AS came, 0 AS went FROM returns_return
    UNION ALL
    SELECT date_bin('15 minutes', closed_at, 'epoch'), region, brand, 0, 1 FROM returns_return
     WHERE closed_at IS NOT NULL) each
 GROUP BY at, region, brand
"""
_FILL: LiteralString = "INSERT INTO returns_returnflow (at, region, brand, came, went, folded) SELECT c.*, true FROM "


def flow_by_day(actor: Actor, first: date) -> Mapping[date, tuple[int, int]]:
    """Return how many returns that the actor may see were asked for and closed, by day of the person's time zone from
    `first` on; a day without any is left out."""
    since = timezone.make_aware(datetime.combine(first, time.min))
    seen = ReturnFlow.objects.filter(scope_q(actor, Permission.RETURNS_VIEW), at__gte=since)
    rows = seen.order_by().values(day=TruncDate("at")).annotate(came=Sum("came"), went=Sum("went"))
    return {row["day"]: (row["came"], row["went"]) for row in rows}


def fold() -> int:
    """Put loose rows together by quarter, region and brand; return how many were loose. Sums stay what they are."""
    done = 0
    while count := fetch(_FOLD, {"batch": BATCH})[0][0]:
        done += int(count)
        if count < BATCH:
            break
    return done


@transaction.atomic
def recount() -> None:
    """Write the sums anew from the returns; nobody can change a return meanwhile."""
    execute("LOCK TABLE returns_return IN SHARE ROW EXCLUSIVE MODE", {})
    execute("DELETE FROM returns_returnflow", {})
    execute(_FILL + "(" + COUNTED + ") c", {})

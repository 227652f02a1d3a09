"""Exact percentiles of the stages of refunds, out of lengths that are kept in buckets by day.

How many lengths each bucket holds tells in which one the n-th lies; only that one is read and put in order. So what is
touched of a month of refunds is a few hundredths, in one statement (one state of the data). Days that the period cuts,
because the person's midnight is not UTC's, are taken from the rows themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from math import ceil
from typing import Any

from django.db import connection

from retailops.accounts.actor import EVERYWHERE, Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.workbench.dashboards.figures import FRACTIONS, Figure
from retailops.workbench.dashboards.scope import Scope
from retailops.workbench.models import STAGES

COLUMNS = ("cycle", *STAGES)
# What buckets can be narrowed by.
KEPT_BY = {"channel", "region"}
Told = tuple[int, tuple[int, int, int] | None]
# Of one stage and group: bucket, how many lengths, and the lengths themselves where a percentile lies in it.
Bucket = tuple[int, int, list[int] | None]

_KEPT = """
    SELECT stage, bucket, {key} AS key, n, lengths FROM workbench_lengths
     WHERE region = ANY(%(regions)s) AND day >= %(first)s AND day < {last} AND stage = ANY(%(stages)s){channel}
"""
# A day that is not over is whole as long as nothing is told of what comes after the period.
_AFTER = "EXISTS (SELECT 1 FROM workbench_returntimes WHERE settled_at >= %(until)s)"
_LAST = "(SELECT %(last)s::date + CASE WHEN " + _AFTER + " THEN 0 ELSE 1 END)"
_CUT = """
    SELECT stage COLLATE "C", workbench_bucket(length), {key}, 1, ARRAY[length]
      FROM workbench_returntimes, LATERAL (VALUES {values}) l (stage, length)
     WHERE settled_at >= %(cut_{side}_since)s AND settled_at < %(cut_{side}_until)s AND length IS NOT NULL{after}
       AND (region = ANY(%(regions)s) OR '*' = ANY(%(regions)s)){channel}
"""
_FOUND = """
WITH parts AS NOT MATERIALIZED ({parts}), counted AS MATERIALIZED (
    SELECT stage, key, bucket, sum(n)::int AS n FROM parts GROUP BY 1, 2, 3
), grouped AS (
    {groups}
), ranked AS (
    SELECT stage, bucket, n, sum(n) OVER (PARTITION BY stage, key ORDER BY bucket) AS upto,
           sum(n) OVER (PARTITION BY stage, key) AS whole
      FROM grouped
), wanted AS MATERIALIZED (
    SELECT DISTINCT stage, bucket FROM ranked, unnest(%(fractions)s::float8[]) f
     WHERE ceil(f * whole) BETWEEN upto - n + 1 AND upto
), held AS (
    SELECT stage, key, bucket, array_agg(length) AS lengths
      FROM ({held}) found, unnest(lengths) length GROUP BY 1, 2, 3
)
SELECT stage, key, bucket, n, held.lengths FROM counted LEFT JOIN held USING (stage, key, bucket)
 WHERE n > 0 ORDER BY 1, 2, 3
"""
# By the whole key for each day: all that is kept of these days is many times as much. The offset keeps it one by one.
_HELD = """
    SELECT stage, {key} AS key, bucket, lengths
      FROM wanted, unnest(%(regions)s::text[]) place,
           generate_series(%(first)s::timestamp, {last} - 1, interval '1 day') d,
           LATERAL (
               SELECT day, channel, lengths FROM workbench_lengths kept
                WHERE region = place AND day = d::date AND kept.stage = wanted.stage AND kept.bucket = wanted.bucket
                      {channel}
               OFFSET 0
           ) its
"""
_HELD_CUT = """
    SELECT stage, key, bucket, lengths
      FROM wanted JOIN ({cut}) cut (stage, bucket, key, n, lengths) USING (stage, bucket)
"""
_EACH = "SELECT stage, key, bucket, n FROM counted"
_ALL = "SELECT stage, NULL AS key, bucket, sum(n)::int AS n FROM counted GROUP BY 1, 3"


def are_kept(figures: Iterable[Figure], by: str, day: str, scope: Scope) -> bool:
    """Tell whether these lengths, by that group (`day` is the name of days), can be taken from what is kept."""
    if not set(scope.filters) <= KEPT_BY | {"promise"} or _regions(scope) is None:
        return False
    if any(each.measured not in COLUMNS or each.condition or each.part for each in figures):
        return False
    return by in ("", "channel") or (by == day and all(_is_midnight(each) for each in _starts(scope)))


def percentiles(asks: Sequence[tuple[Sequence[str], str]], day: str, scope: Scope) -> list[dict[Any, dict[str, Told]]]:
    """Return for each ask (stages, and by what) by group and stage the count and the percentiles of FRACTIONS."""
    found: list[dict[Any, dict[str, Told]]] = [{} for _ in asks]
    for key in ("channel", "day"):
        mine = [no for no, (_, by) in enumerate(asks) if (by == day) == (key == "day")]
        if not mine:
            continue
        stages = sorted({stage for no in mine for stage in asks[no][0]})
        bys = {asks[no][1] for no in mine}
        buckets = _buckets(stages, key if bys != {""} else "''", "" in bys, scope)
        for no in mine:
            found[no] = _told(buckets, asks[no][0], bool(asks[no][1]))
    return found


def _told(
    buckets: Mapping[tuple[str, Any], Sequence[Bucket]], stages: Sequence[str], parted: bool
) -> dict[Any, dict[str, Told]]:
    groups: dict[Any, dict[str, list[Bucket]]] = defaultdict(lambda: defaultdict(list))
    for (stage, key), mine in buckets.items():
        if stage in stages:
            groups[key if parted else ""][stage] += mine
    return {key: {stage: _percentiles(mine) for stage, mine in of.items()} for key, of in groups.items()}


def _percentiles(buckets: Iterable[Bucket]) -> Told:
    """Return how many lengths the buckets hold, and their percentiles as `percentile_disc` tells them."""
    counts: dict[int, int] = defaultdict(int)
    held: dict[int, list[int]] = defaultdict(list)
    for bucket, n, lengths in buckets:
        counts[bucket] += n
        held[bucket] += lengths or ()
    whole = sum(counts.values())
    first, second, third = (_nth(max(1, ceil(fraction * whole)), counts, held) for fraction in FRACTIONS)
    return whole, (first, second, third)


def _nth(nth: int, counts: Mapping[int, int], held: Mapping[int, list[int]]) -> int:
    before = 0
    for bucket in sorted(counts):
        if before + counts[bucket] >= nth:
            return sorted(held[bucket])[nth - before - 1]
        before += counts[bucket]
    raise AssertionError("There are not so many lengths.")


def _buckets(stages: Sequence[str], key: str, whole: bool, scope: Scope) -> dict[tuple[str, Any], list[Bucket]]:
    """Return the buckets by stage and key, with the lengths of those in which percentiles lie."""
    first, last, cuts = _days(scope)
    is_open = bool(cuts) and cuts[-1][1] > now() and last.date() == cuts[-1][0].date()
    told: dict[str, Any] = {
        "regions": _regions(scope), "stages": stages, "first": first.date(), "last": last.date(),
        "fractions": list(FRACTIONS), "channel": scope.filters.get("channel"), "until": scope.until,
    }  # fmt: skip
    channel = " AND channel = %(channel)s" if "channel" in scope.filters else ""
    end = _LAST if is_open else "%(last)s::date"
    parts, held = [_KEPT.format(key=key, channel=channel, last=end)], [_HELD.format(key=key, channel=channel, last=end)]
    values = ", ".join(f"('{stage}', {stage})" for stage in stages)
    of_row = {"day": "(settled_at AT TIME ZONE 'UTC')::date", "channel": 'channel COLLATE "C"'}.get(key, key)
    for side, (since, until) in enumerate(cuts):
        told |= {f"cut_{side}_since": since, f"cut_{side}_until": until}
        after = f" AND {_AFTER}" if is_open and since == last else ""
        parts.append(_CUT.format(key=of_row, values=values, side=side, channel=channel, after=after))
        held.append(_HELD_CUT.format(cut=parts[-1]))
    groups = " UNION ALL ".join([*([_EACH] if key != "''" else []), *([_ALL] if whole else [])])
    found: dict[tuple[str, Any], list[Bucket]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _FOUND.format(parts=" UNION ALL ".join(parts), groups=groups, held=" UNION ALL ".join(held)), told
        )
        for stage, group, *bucket in cursor.fetchall():
            found[stage, group].append(tuple(bucket))
    return found


def _days(scope: Scope) -> tuple[datetime, datetime, list[tuple[datetime, datetime]]]:
    """Return where the UTC days begin and end that lie wholly in the period, and the times that they leave over."""
    since, until = scope.since.astimezone(UTC), scope.until.astimezone(UTC)
    first = since if _is_midnight(since) else _midnight(since) + timedelta(days=1)
    if first >= until:
        return first, first, [(since, until)]
    last = _midnight(until)
    return first, last, [(start, end) for start, end in ((since, first), (last, until)) if start < end]


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)


def _is_midnight(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == time()


def _starts(scope: Scope) -> Iterable[datetime]:
    return (datetime.combine(each, time(), scope.zone) for each in scope.days)


def _regions(scope: Scope) -> list[str] | None:
    """Return the regions to read, EVERYWHERE for all; None where the rights part brands."""
    allowed = _allowed(scope.actor)
    if allowed is None:
        return None
    if "region" in scope.filters:
        region = scope.filters["region"]
        return [region] if EVERYWHERE in allowed or region in allowed else []
    return [EVERYWHERE] if EVERYWHERE in allowed else sorted(allowed)


def _allowed(actor: Actor) -> set[str] | None:
    grants = [each for each in actor.grants if Permission.DASHBOARDS_VIEW in each.permissions]
    if any(EVERYWHERE in each.regions and EVERYWHERE in each.brands for each in grants):
        return {EVERYWHERE}
    if any(EVERYWHERE not in each.brands for each in grants):
        return None
    return {region for each in grants for region in each.regions}

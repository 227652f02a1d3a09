"""Exact percentiles of the stages of refunds, out of lengths that are kept in buckets by day.

How many lengths each bucket holds tells in which one the n-th lies; only that one is read and put in order. So what is
touched of a month of refunds is a few hundredths, in one statement (one state of the data). Days that the period cuts,
because the person's midnight is not UTC's, are taken from the rows themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Any

from django.db import connection

from retailops.accounts.actor import EVERYWHERE, Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.workbench.dashboards.figures import FRACTIONS, Figure
from retailops.workbench.dashboards.scope import Scope
from retailops.workbench.models import STAGES

COLUMNS = ("cycle", *STAGES, "erp_posting", "stock_sync")
# What buckets can be narrowed by.
KEPT_BY = {"channel", "region"}
Told = tuple[int, tuple[int, int, int] | None]

_KEPT = """
    SELECT stage, bucket, {key} AS key, n FROM workbench_lengths
     WHERE region = ANY(%(regions)s) AND day >= %(first)s AND day < {last} AND stage = ANY(%(stages)s){channel}
"""
# A day that is not over is whole as long as nothing is told of what comes after the period.
_AFTER = "EXISTS (SELECT 1 FROM workbench_returntimes WHERE {at} >= %(until)s)"
_LAST = "(SELECT %(last)s::date + CASE WHEN {after} THEN 0 ELSE 1 END)"
_CUT = """
    SELECT stage COLLATE "C", workbench_bucket(length), {key}, {told}
      FROM workbench_returntimes, LATERAL (VALUES {values}) l (stage, length)
     WHERE {at} >= %(cut_{side}_since)s AND {at} < %(cut_{side}_until)s AND length IS NOT NULL{after}
       AND (region = ANY(%(regions)s) OR '*' = ANY(%(regions)s)){channel}
"""
# One kind of rows tells which of how many lengths is a percentile, in which bucket, and how many lie before that; the
# other brings what these buckets hold.
_FOUND = """
WITH parts AS NOT MATERIALIZED ({parts}), counted AS MATERIALIZED (
    SELECT stage, key, bucket, sum(n)::int AS n FROM parts GROUP BY 1, 2, 3
), grouped AS (
    {groups}
), ranked AS (
    SELECT stage, key, whole, bucket, n, sum(n) OVER (PARTITION BY stage, whole, key ORDER BY bucket) AS upto,
           sum(n) OVER (PARTITION BY stage, whole, key) AS lengths
      FROM grouped
), wanted AS MATERIALIZED (
    SELECT stage, key, whole, bucket, lengths::int, no, (ceil(f * lengths) - (upto - n))::int AS nth
      FROM ranked, unnest(%(fractions)s::float8[]) WITH ORDINALITY f (f, no)
     WHERE ceil(f * lengths) BETWEEN upto - n + 1 AND upto
), buckets AS MATERIALIZED (
    SELECT DISTINCT stage, bucket FROM wanted
)
SELECT stage, key, bucket, whole, lengths, no, nth, NULL::int[] FROM wanted
UNION ALL SELECT stage, key, bucket, NULL, NULL, NULL, NULL, lengths FROM ({held}) found
"""
# By the whole key for each day: all that is kept of these days is many times as much. The offset keeps it one by one.
_HELD = """
    SELECT stage, {key} AS key, bucket, lengths
      FROM buckets, unnest(%(regions)s::text[]) place,
           generate_series(%(first)s::timestamp, {last} - 1, interval '1 day') d,
           LATERAL (
               SELECT day, channel, lengths FROM workbench_lengths kept
                WHERE region = place AND day = d::date AND kept.stage = buckets.stage AND kept.bucket = buckets.bucket
                      {channel}
               OFFSET 0
           ) its
"""
_HELD_CUT = """
    SELECT stage, key, bucket, lengths
      FROM buckets JOIN ({cut}) cut (stage, bucket, key, lengths) USING (stage, bucket)
"""
_EACH = "SELECT stage, key, false AS whole, bucket, n FROM counted WHERE n > 0"
_ALL = "SELECT stage, NULL AS key, true AS whole, bucket, sum(n)::int AS n FROM counted WHERE n > 0 GROUP BY 1, 4"


def are_kept(figures: Iterable[Figure], by: str, day: str, scope: Scope) -> bool:
    """Tell whether these lengths, by that group (`day` is the name of days), can be taken from what is kept."""
    if not set(scope.filters) <= KEPT_BY | {"promise"} or _regions(scope) is None:
        return False
    if any(each.measured not in COLUMNS or each.condition or each.part for each in figures):
        return False
    return by in ("", "channel") or (by == day and all(_is_midnight(each) for each in _starts(scope)))


def percentiles(
    asks: Sequence[tuple[Sequence[str], str]], day: str, scope: Scope, at: str
) -> list[dict[Any, dict[str, Told]]]:
    """Return for each ask (stages, and by what) by group and stage the count and the percentiles of FRACTIONS.

    `at` is the column of `ReturnTimes` that places the lengths in time.
    """
    found: list[dict[Any, dict[str, Told]]] = [{} for _ in asks]
    by_day = [no for no, (_, by) in enumerate(asks) if by == day]
    daily = {stage for no in by_day for stage in asks[no][0]}
    # What is asked as a whole comes with what is asked by channel, else with the days, if these are read anyway.
    has_channels = any(by == "channel" for _, by in asks)
    wholes = [no for no, (stages, by) in enumerate(asks) if not by and not has_channels and daily.issuperset(stages)]
    rest = [no for no in range(len(asks)) if no not in {*by_day, *wholes}]
    for key, mine in (("day", by_day + wholes), ("channel", rest)):
        if not mine:
            continue
        stages = sorted({stage for no in mine for stage in asks[no][0]})
        bys = {asks[no][1] for no in mine}
        read = _read(stages, key if bys != {""} else "''", "" in bys, scope, at)
        for no in mine:
            found[no] = {
                group: {stage: told for stage, told in of.items() if stage in asks[no][0]}
                for group, of in read[not asks[no][1]].items()
            }
    return found


@dataclass
class _Places:
    """Of one stage and group: how many lengths, and for each percentile its bucket and its place in that, from 1."""

    count: int
    places: dict[int, tuple[int, int]]


def _read(
    stages: Sequence[str], key: str, whole: bool, scope: Scope, at: str
) -> dict[bool, dict[Any, dict[str, Told]]]:
    """Return by group and stage what is told, of the whole (True: group "") and parted by the key (False)."""
    statement, values = _statement(stages, key, whole, scope, at)
    wanted: dict[tuple[bool, Any, str], _Places] = {}
    held: dict[tuple[str, int], dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for stage, group, bucket, of_all, count, no, nth, lengths in cursor.fetchall():
            if lengths is None:
                places = wanted.setdefault((of_all, "" if of_all else group, stage), _Places(count, {}))
                places.places[no] = bucket, nth
            else:
                held[stage, bucket][group] += lengths
    return _told(wanted, held)


def _told(
    wanted: Mapping[tuple[bool, Any, str], _Places], held: Mapping[tuple[str, int], Mapping[Any, list[int]]]
) -> dict[bool, dict[Any, dict[str, Told]]]:
    found: dict[bool, dict[Any, dict[str, Told]]] = {True: defaultdict(dict), False: defaultdict(dict)}
    # Each bucket is put in order once, though several percentiles may lie in it.
    in_order: dict[tuple[bool, Any, str, int], list[int]] = {}
    for (of_all, group, stage), places in wanted.items():
        told = []
        for _, (bucket, nth) in sorted(places.places.items()):
            mine = held[stage, bucket]
            place = of_all, group, stage, bucket
            if place not in in_order:
                in_order[place] = sorted(chain.from_iterable(mine.values()) if of_all else mine[group])
            told.append(in_order[place][nth - 1])
        first, second, third = told
        found[of_all][group][stage] = places.count, (first, second, third)
    return found


def _statement(stages: Sequence[str], key: str, whole: bool, scope: Scope, at: str) -> tuple[str, dict[str, Any]]:
    first, last, cuts = _days(scope)
    is_open = bool(cuts) and cuts[-1][1] > now() and last.date() == cuts[-1][0].date()
    told: dict[str, Any] = {
        "regions": _regions(scope), "stages": stages, "first": first.date(), "last": last.date(),
        "fractions": list(FRACTIONS), "channel": scope.filters.get("channel"), "until": scope.until,
    }  # fmt: skip
    channel = " AND channel = %(channel)s" if "channel" in scope.filters else ""
    end = _LAST.format(after=_AFTER.format(at=at)) if is_open else "%(last)s::date"
    parts, held = [_KEPT.format(key=key, channel=channel, last=end)], [_HELD.format(key=key, channel=channel, last=end)]
    values = ", ".join(f"('{stage}', {stage})" for stage in stages)
    of_row = {"day": f"({at} AT TIME ZONE 'UTC')::date", "channel": 'channel COLLATE "C"'}.get(key, key)
    for side, (since, until) in enumerate(cuts):
        told |= {f"cut_{side}_since": since, f"cut_{side}_until": until}
        after = f" AND {_AFTER.format(at=at)}" if is_open and since == last else ""
        cut = {"key": of_row, "values": values, "side": side, "channel": channel, "after": after, "at": at}
        parts.append(_CUT.format(told="1", **cut))
        held.append(_HELD_CUT.format(cut=_CUT.format(told="ARRAY[length]", **cut)))
    groups = " UNION ALL ".join([*([_EACH] if key != "''" else []), *([_ALL] if whole else [])])
    return _FOUND.format(parts=" UNION ALL ".join(parts), groups=groups, held=" UNION ALL ".join(held)), told


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

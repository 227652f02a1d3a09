"""Write what a stage found: matches with their allocations, what exchange adds, and the seals, set by set."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from reconciliation.events import MatchFact, SettlementMatched, SettlementUnmatched
from reconciliation.matching import RULE_VERSION
from reconciliation.matching.found import Found
from reconciliation.models import Match, Stage
from retailops.accounts.actor import Actor
from retailops.events.publish import append, compose
from retailops.events.raw_sql import execute, fetch
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

EVENTS = 500
_TOLD = """
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS t(id uuid, stage text, key_type text, key_value text,
        runner_up bigint, margin bigint, reason text, reverses uuid, items bigint[])
"""
# A match stands where its expected item stands, else where what came stands.
_MATCHES = (
    "WITH told AS ("  # noqa: S608  # of constants
    + _TOLD
    + """)
INSERT INTO reconciliation_match (id, lane, stage, key_type, key_value, rule_version, runner_up_id, margin, reverses_id,
    reason, matched_by, matched_at, region, brand, channel, correlation_id)
SELECT t.id, %(lane)s, t.stage, t.key_type, t.key_value, %(rule)s, t.runner_up, t.margin, t.reverses, t.reason,
       %(actor)s, %(now)s, i.region, i.brand, i.channel, i.correlation_id
  FROM told t CROSS JOIN LATERAL (
      SELECT region, brand, channel, correlation_id FROM reconciliation_item WHERE id = ANY(t.items)
       ORDER BY side DESC, id LIMIT 1) i
"""
)
_ALLOCATIONS = (
    "WITH told AS ("
    + _TOLD
    + """)
INSERT INTO reconciliation_allocation (match_id, item_id, amount)
SELECT t.id, i.id, CASE WHEN t.reverses IS NULL THEN i.amount ELSE -i.amount END
  FROM told t JOIN reconciliation_item i ON i.id = ANY(t.items)
"""
)
# What is left in a currency is exchange where an item was settled in another one than the customer's. What is not
# explained so is left: the seal refuses it.
_EXCHANGE = """
INSERT INTO reconciliation_matchadjustment (match_id, kind, amount, currency)
SELECT p.match_id, 'fx', -sum(p.amount), p.currency FROM (
    SELECT a.match_id, i.currency, CASE i.side WHEN 'A' THEN a.amount ELSE -a.amount END AS amount
      FROM reconciliation_allocation a JOIN reconciliation_item i ON i.id = a.item_id WHERE a.match_id = ANY(%(ids)s)
) p WHERE EXISTS (
    SELECT 1 FROM reconciliation_allocation a JOIN reconciliation_item i ON i.id = a.item_id
     WHERE a.match_id = p.match_id AND i.presentment_currency <> '')
GROUP BY p.match_id, p.currency HAVING sum(p.amount) <> 0
"""
_SEALS = "INSERT INTO reconciliation_matchseal (match_id, sealed_at) SELECT unnest(%(ids)s::uuid[]), %(now)s"
_FACTS = """
SELECT a.match_id, count(*), array_remove(array_agg(DISTINCT i.refund_id), NULL),
       coalesce(sum(coalesce(i.presentment_amount, i.amount)) FILTER (WHERE i.side = 'A'), 0),
       coalesce(min(coalesce(nullif(i.presentment_currency, ''), i.currency)) FILTER (WHERE i.side = 'A'),
                min(i.currency))
  FROM reconciliation_allocation a JOIN reconciliation_item i ON i.id = a.item_id
 WHERE a.match_id = ANY(%(ids)s) GROUP BY a.match_id
"""


def record(actor: Actor, lane: str, found: Sequence[Found]) -> list[UUID]:
    """Write and tell the matches, within the lane's lock. Raises IntegrityError where one does not net to nothing."""
    return _write(actor, lane, [_row(each) for each in found])


def record_reversal(actor: Actor, match: Match, items: Sequence[int], reason: str) -> UUID:
    """Write and tell the match that undoes another."""
    found = Found(Stage.REVERSAL, items, match.key_type, match.key_value, reason=reason)
    [id] = _write(actor, match.lane, [_row(found) | {"reverses": match.id}])
    return id


def _row(found: Found) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "stage": found.stage,
        "key_type": found.key_type,
        "key_value": found.key_value,
        "runner_up": found.runner_up,
        "margin": found.margin,
        "reason": found.reason,
        "reverses": None,
        "items": list(found.items),
    }


def _write(actor: Actor, lane: str, rows: list[dict[str, Any]]) -> list[UUID]:
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    given = {
        "rows": Jsonb(rows), "ids": ids, "lane": lane, "rule": RULE_VERSION, "actor": actor.key, "now": now(),
    }  # fmt: skip
    with connection.wrap_database_errors:
        for statement in (_MATCHES, _ALLOCATIONS, _EXCHANGE, _SEALS):
            execute(statement, given)
    _tell(actor, ids)
    return ids


def _tell(actor: Actor, ids: Sequence[UUID]) -> None:
    facts = {row[0]: row[1:] for row in fetch(_FACTS, {"ids": list(ids)})}
    matches = list(Match.objects.filter(pk__in=ids).order_by("pk"))
    for start in range(0, len(matches), EVENTS):
        part = matches[start : start + EVENTS]
        told = [compose(_fact(match, *facts[match.pk]), subject=match.as_subject(), actor=actor) for match in part]
        append(told, {event.id: match.as_subject().lane for event, match in zip(told, part, strict=True)})


def _fact(match: Match, items: int, refunds: list[UUID], amount: int, currency: str) -> MatchFact:
    kind = SettlementUnmatched if match.stage == Stage.REVERSAL else SettlementMatched
    return kind(
        match_id=str(match.id), lane=match.lane, stage=match.stage, key_type=match.key_type, key=match.key_value,
        amount=int(amount), currency=currency, items=items, refund_ids=[str(each) for each in refunds],
    )  # fmt: skip

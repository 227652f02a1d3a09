"""Store items with their keys: one statement for as many as are given; what is there already stays as it is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from reconciliation.keys import Key, keys_of
from reconciliation.models import Source
from reconciliation.told import Told
from retailops.events.raw_sql import execute, fetch
from retailops.lib.clock import now

# Region, brand and channel of what is expected under the same strong key are taken over: files have none of their own.
_POST = """
WITH told AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS t(
        no int, lane text, side text, natural_key text, type text, told_type text, amount bigint, currency text,
        presentment_amount bigint, presentment_currency text, occurred_at timestamptz, value_date date, due_on date,
        gateway text, refund uuid, correlation uuid, region text, brand text, channel text, line int, batch uuid,
        keys jsonb)
), made AS (
    INSERT INTO reconciliation_item (source_id, file_id, line, batch_id, lane, side, natural_key, type, told_type,
        amount, currency, presentment_amount, presentment_currency, occurred_at, value_date, due_on, gateway, refund_id,
        correlation_id, region, brand, channel, created_at)
    SELECT %(source)s, %(file)s, t.line, t.batch, t.lane, t.side, t.natural_key, t.type, t.told_type, t.amount,
           t.currency, t.presentment_amount, t.presentment_currency, t.occurred_at, t.value_date, t.due_on, t.gateway,
           t.refund, coalesce(t.correlation, twin.correlation_id), coalesce(twin.region, t.region),
           coalesce(twin.brand, t.brand), coalesce(twin.channel, t.channel), %(now)s
      FROM told t LEFT JOIN LATERAL (
          SELECT i.correlation_id, i.region, i.brand, i.channel
            FROM jsonb_to_recordset(t.keys) AS k(type text, hash uuid)
            JOIN reconciliation_itemkey s ON s.key_hash = k.hash AND s.side = 'E'
            JOIN reconciliation_item i ON i.id = s.item_id
           WHERE t.side = 'A' AND k.type IN ('refund', 'provider_refund', 'dispute', 'memo') AND i.region <> '' LIMIT 1
      ) twin ON true
     ORDER BY t.no
    ON CONFLICT (source_id, natural_key) DO NOTHING
    RETURNING id, natural_key, side
), keyed AS (
    INSERT INTO reconciliation_itemkey (item_id, side, key_type, key_hash, value)
    SELECT m.id, m.side, k.type, k.hash, k.value FROM made m JOIN told t ON t.natural_key = m.natural_key
     CROSS JOIN LATERAL jsonb_to_recordset(t.keys) AS k(type text, hash uuid, value text)
    ON CONFLICT (item_id, key_hash) DO NOTHING
)
SELECT natural_key, id FROM made
"""
_ADD_KEYS = """
INSERT INTO reconciliation_itemkey (item_id, side, key_type, key_hash, value)
SELECT i.id, i.side, k.type, k.hash, k.value FROM reconciliation_item i
 CROSS JOIN jsonb_to_recordset(%(keys)s) AS k(type text, hash uuid, value text)
 WHERE i.source_id = %(source)s AND i.natural_key = %(natural_key)s
ON CONFLICT (item_id, key_hash) DO NOTHING
"""


def post_items(
    source: Source,
    items: Sequence[Told],
    *,
    file: UUID | None = None,
    lines: Sequence[int | None] = (),
    batches: Mapping[tuple[str, str], UUID] | None = None,
) -> dict[str, int]:
    """Store items (natural keys differ); return the ids of those that are new by natural key.

    `lines` are the numbers of their lines in the file; `batches` the ids of payouts by their id there and currency.
    """
    if not items:
        return {}
    numbers = lines or [None] * len(items)
    known = batches or {}
    rows = [
        _row(no, each, numbers[no], known.get((each.batch, each.currency)), source) for no, each in enumerate(items)
    ]
    given = {"rows": Jsonb(rows), "source": source.id, "file": file, "now": now()}
    return dict(fetch(_POST, given, prepare=True))


def add_keys(source: Source, natural_key: str, keys: Iterable[Key]) -> int:
    """Add ids that were learned later to an item; return how many are new. It is tried again because of them."""
    given = {"source": source.id, "natural_key": natural_key, "keys": Jsonb(keys_of(keys))}
    return execute(_ADD_KEYS, given, prepare=True)


def _row(no: int, told: Told, line: int | None, batch: UUID | None, source: Source) -> dict[str, Any]:
    return {
        "no": no,
        "lane": told.lane,
        "side": told.side,
        "natural_key": told.natural_key,
        "type": told.type,
        "told_type": told.told_type[:80],
        "amount": told.amount,
        "currency": told.currency,
        "presentment_amount": told.presentment_amount,
        "presentment_currency": told.presentment_currency,
        "occurred_at": told.occurred_at.isoformat(),
        "value_date": told.value_date.isoformat(),
        "due_on": told.due_on.isoformat() if told.due_on else None,
        "gateway": told.gateway or source.gateway,
        "refund": told.refund_id,
        "correlation": told.correlation_id,
        "region": told.region or source.region,
        "brand": told.brand or source.brand,
        "channel": told.channel,
        "line": line,
        "batch": batch,
        "keys": keys_of(told.keys),
    }

"""Facets: what is derived of a return, stored for lists and filters, always equal to what this statement says.

One statement serves the command (one return) and the audit (all of them), so that "stored = recompute()" compares a
stored value with the truth and not with a second opinion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from retailops.events.raw_sql import fetch
from retailops.events.updating import update_row
from retailops.lib.clock import now
from returns.models import Return

# Units that still may come: authorized and accepted extras, less what came or never will.
FACETS: LiteralString = """
WITH swapped AS (
    SELECT x.line_id, sum(x.quantity) AS taken
      FROM returns_exchangeline x JOIN returns_exchange e ON e.id = x.exchange_id
     WHERE e.status NOT IN ('converted', 'canceled') AND {scope_e} GROUP BY x.line_id
), exchange AS (
    SELECT rma_id, count(*) FILTER (WHERE status NOT IN ('shipped', 'converted', 'canceled')) AS alive
      FROM returns_exchange WHERE {scope_line} GROUP BY rma_id
), line AS (
    SELECT rma_id,
           sum(authorized + over_approved - received - missing - kept - canceled) AS awaited,
           sum(received) AS received,
           sum(accepted + rejected) AS inspected,
           sum(CASE WHEN (SELECT o.net + o.tax + o.duty > 0 FROM returns_orderline o WHERE o.id = order_line_id)
                    THEN CASE WHEN resolution IN ('refund', 'store_credit', 'gift_card')
                              THEN least(authorized + over_approved - missing - canceled - rejected,
                                         (SELECT coalesce(sum((r->>1)::int - (r->>0)::int), 0)
                                            FROM jsonb_array_elements(units) r)) - coalesce(swapped.taken, 0)
                              ELSE least(greatest(authorized + over_approved - missing - canceled - rejected
                                                  - coalesce(swapped.taken, 0), 0), other.promised) END
                    ELSE 0 END) AS refundable,
           sum(CASE WHEN resolution IN ('exchange', 'replacement') AND order_line_id IS NOT NULL
                    THEN greatest(authorized + over_approved - missing - canceled - rejected
                                  - coalesce(swapped.taken, 0) - greatest(refunded, other.promised), 0)
                    ELSE 0 END) AS exchangeable,
           sum(refunded) AS refunded
      FROM returns_returnline LEFT JOIN swapped ON swapped.line_id = returns_returnline.id,
           -- Units whose exchange was converted while others of their line stay.
           LATERAL (SELECT coalesce(sum((r->>1)::int - (r->>0)::int), 0) AS promised
                      FROM jsonb_each(instead) i, jsonb_array_elements(i.value) r) other
     WHERE {scope_line} GROUP BY rma_id
), granted AS (
    -- Under warranty only a verdict earns a refund, whatever was asked for.
    SELECT a.rma_id, sum(a.quantity) AS units
      FROM returns_warrantyassessment a JOIN returns_returnline l ON l.id = a.line_id
      JOIN returns_orderline o ON o.id = l.order_line_id
     WHERE a.progress = 'refunded' AND o.net + o.tax + o.duty > 0 AND {scope_a} GROUP BY a.rma_id
), slice AS (
    SELECT l.rma_id, count(*) AS decided, count(*) FILTER (WHERE s.status = 'posted') AS posted
      FROM returns_dispositionslice s JOIN returns_returnline l ON l.id = s.line_id
     WHERE s.status <> 'reversed' AND {scope_l} GROUP BY l.rma_id
), refund AS (
    SELECT rma_id,
           bool_or(status IN ('failed', 'unknown', 'requires_action', 'reversed', 'canceled')) AS attention,
           bool_or(status IN ('proposed', 'pending_approval', 'approved', 'submitting', 'pending')) AS pending,
           bool_or(status = 'succeeded') AS succeeded
      FROM returns_refund WHERE {scope_line} GROUP BY rma_id
), memo AS (
    SELECT rma_id,
           bool_or(status = 'rejected') AS rejected,
           bool_or(status = 'queued') AS queued,
           bool_or(status = 'posted') AS posted
      FROM returns_creditmemo WHERE {scope_line} GROUP BY rma_id
), trouble AS (
    SELECT owner.rma_id, count(*) AS cases
      FROM (SELECT id AS rma_id, id AS subject_id FROM returns_return WHERE {scope_return}
            UNION ALL SELECT rma_id, id FROM returns_refund WHERE {scope_line}
            UNION ALL SELECT rma_id, id FROM returns_exchange WHERE {scope_line}) owner
      JOIN cases_case c ON c.subject_id = owner.subject_id AND c.status = 'open'
     GROUP BY owner.rma_id
)
SELECT t.id,
       CASE WHEN coalesce(line.received, 0) > 0 THEN CASE WHEN line.awaited <= 0 THEN 'received' ELSE 'partial' END
            WHEN t.in_transit_at IS NOT NULL AND line.awaited > 0 THEN 'in_transit'
            ELSE 'none' END AS logistics,
       CASE WHEN coalesce(line.received, 0) = 0 THEN 'none'
            WHEN line.inspected = 0 THEN 'pending'
            WHEN line.inspected < line.received THEN 'partial'
            ELSE 'done' END AS inspection,
       CASE WHEN coalesce(refund.attention, false) THEN 'attention'
            WHEN coalesce(refund.pending, false) THEN 'pending'
            WHEN coalesce(refund.succeeded, false)
                 THEN CASE WHEN line.refunded >= owed.units THEN 'refunded' ELSE 'partial' END
            ELSE 'none' END AS money,
       CASE WHEN coalesce(slice.decided, 0) = 0 THEN 'none'
            WHEN slice.posted = 0 THEN 'pending'
            WHEN slice.posted < slice.decided THEN 'partial'
            ELSE 'placed' END AS stock,
       CASE WHEN coalesce(memo.rejected, false) THEN 'rejected'
            WHEN coalesce(memo.queued, false) THEN 'queued'
            WHEN coalesce(memo.posted, false) THEN 'posted'
            ELSE 'none' END AS erp,
       coalesce(trouble.cases, 0)::int AS open_cases,
       coalesce(line.awaited, 0)::int AS awaited,
       (greatest(coalesce(owed.units - line.refunded, 0), 0) + coalesce(owed.exchanges, 0))::int AS due,
       coalesce(refund.succeeded, false) AS paid,
       coalesce(exchange.alive, 0)::int AS exchanging
  FROM returns_return t
  LEFT JOIN line ON line.rma_id = t.id LEFT JOIN slice ON slice.rma_id = t.id
  LEFT JOIN refund ON refund.rma_id = t.id LEFT JOIN memo ON memo.rma_id = t.id
  LEFT JOIN trouble ON trouble.rma_id = t.id LEFT JOIN exchange ON exchange.rma_id = t.id
  LEFT JOIN granted ON granted.rma_id = t.id,
  LATERAL (SELECT CASE WHEN t.kind = 'warranty' THEN coalesce(granted.units, 0) ELSE line.refundable END AS units,
                  CASE WHEN t.kind = 'warranty' THEN 0 ELSE line.exchangeable END AS exchanges) owed
 WHERE {scope_t}
"""


def _scoped(condition: LiteralString) -> LiteralString:
    """Return the statement narrowed by the condition, in which `ID` stands for the return's id."""
    places: dict[str, LiteralString] = {
        "scope_line": "rma_id",
        "scope_l": "l.rma_id",
        "scope_a": "a.rma_id",
        "scope_e": "e.rma_id",
        "scope_return": "id",
        "scope_t": "t.id",
    }
    statement = FACETS
    for name, column in places.items():
        statement = statement.replace("{" + name + "}", condition.replace("ID", column))
    return statement


# For one return apart: of an array the planner expects ten, and would plan anew for every single one.
OF_RETURN = _scoped("ID = %(id)s")
OF_RETURNS = _scoped("ID = ANY(%(ids)s)")
OF_ALL = _scoped("true")
NAMES = ("logistics", "inspection", "money", "stock", "erp", "open_cases")


@dataclass(frozen=True)
class Facets:
    """What is derived of one return. Only the first six are stored; the others serve the close rule."""

    logistics: str
    inspection: str
    money: str
    stock: str
    erp: str
    open_cases: int
    awaited: int
    due: int
    paid: bool
    exchanging: int


def recompute_many(ids: Sequence[UUID]) -> dict[UUID, Facets]:
    """Return the facets of the returns, from their lines, refunds, memos, dispositions and cases (one statement)."""
    rows = fetch(OF_RETURNS, {"ids": list(ids)}, prepare=True)
    return {row[0]: Facets(*row[1:]) for row in rows}


def recompute(rma: Return) -> Facets:
    """Return the facets of one return."""
    [row] = fetch(OF_RETURN, {"id": rma.id}, prepare=True)
    return Facets(*row[1:])


def bring_up_to_date(rma: Return) -> Facets:
    """Set the facets of the locked return as they are now, without saving it; return them."""
    facets = recompute(rma)
    for name in NAMES:
        setattr(rma, name, getattr(facets, name))
    return facets


def save(rma: Return) -> None:
    """Save the locked return as its next version."""
    rma.version += 1
    rma.updated_at = now()
    update_row(rma)


def keep(rma: Return) -> Facets:
    """Save the locked return with its facets as they are now, as its next version; return them."""
    facets = bring_up_to_date(rma)
    save(rma)
    return facets

"""The effect ledger: what was done in the outside world, with the evidence."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from retailops.events.catalog import DeliverySpec
from retailops.events.raw_sql import execute, fetch
from retailops.events.transport import Finding, Outcome
from retailops.lib.ids import uuid7

EffectPlace = tuple[UUID, str, str]

_INTEND = """
INSERT INTO events_effect (id, destination_id, kind, business_key, amount, currency, status, external_reference,
    evidence, created_at)
SELECT r.id, r.destination_id, r.kind, r.business_key, r.amount, r.currency, 'intended', '', '{}', clock_timestamp()
FROM unnest(%(ids)s::uuid[], %(destinations)s::uuid[], %(kinds)s::text[], %(keys)s::text[], %(amounts)s::bigint[],
            %(currencies)s::text[]) AS r(id, destination_id, kind, business_key, amount, currency)
ORDER BY r.destination_id, r.kind, r.business_key
ON CONFLICT (destination_id, kind, business_key) DO UPDATE SET business_key = excluded.business_key
RETURNING destination_id, kind, business_key, id
"""


def effect_place(spec: DeliverySpec) -> EffectPlace | None:
    """Return the unique place of a delivery's effect in the ledger: destination, kind, business key."""
    return (spec.destination_id, spec.effect.kind, spec.effect.business_key) if spec.effect else None


def intend(specs: Sequence[DeliverySpec]) -> dict[EffectPlace | None, UUID]:
    """Enter intended effects (one that is there stays as it is); return the id of each by its place."""
    wanted = {effect_place(spec): spec for spec in specs if spec.effect}
    if not wanted:
        return {}
    rows = fetch(_INTEND, _columns(list(wanted.values())), prepare=True)
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _columns(specs: Sequence[DeliverySpec]) -> dict[str, Any]:
    effects = [spec.effect for spec in specs if spec.effect]
    return {
        "ids": [uuid7() for _ in specs],
        "destinations": [spec.destination_id for spec in specs],
        "kinds": [effect.kind for effect in effects],
        "keys": [effect.business_key for effect in effects],
        "amounts": [spec.money.amount if spec.money else None for spec in specs],
        "currencies": [spec.money.currency if spec.money else "" for spec in specs],
    }


_SETTLE = """
UPDATE events_effect f
SET status = %(status)s, checked_at = clock_timestamp(),
    external_reference = CASE WHEN r.reference = '' THEN f.external_reference ELSE r.reference END,
    evidence = f.evidence || r.evidence
FROM unnest(%(ids)s::uuid[], %(references)s::text[], %(evidence)s::jsonb[]) AS r(delivery_id, reference, evidence)
JOIN events_delivery d ON d.id = r.delivery_id
WHERE f.id = d.effect_id
"""


def confirm(outcomes: Sequence[Outcome]) -> None:
    """Mark the effects of delivered messages confirmed, with the remote's reference and answer as evidence."""
    found = [(o.claimed.id, o.external_reference, _evidence(o)) for o in outcomes if o.claimed.effect_id]
    if found:
        _settle("confirmed", found)


def settle_found(delivery_id: UUID, finding: Finding) -> None:
    """Store what a look-up found: confirmed, absent, or only the evidence when it could not be known."""
    if finding.present is None:
        _look_up_failed(delivery_id, finding.evidence)
    else:
        status = "confirmed" if finding.present else "absent"
        _settle(status, [(delivery_id, finding.external_reference, {"look_up": finding.evidence})])


def _settle(status: str, found: Sequence[tuple[UUID, str, dict[str, Any]]]) -> None:
    execute(
        _SETTLE,
        {
            "status": status,
            "ids": [delivery_id for delivery_id, _, _ in found],
            "references": [reference[:200] for _, reference, _ in found],
            "evidence": [Jsonb(evidence) for _, _, evidence in found],
        },
    )


def _look_up_failed(delivery_id: UUID, evidence: dict[str, Any]) -> None:
    execute(
        "UPDATE events_effect f SET checked_at = clock_timestamp(), evidence = f.evidence || %(evidence)s "
        "FROM events_delivery d WHERE d.id = %(id)s AND f.id = d.effect_id",
        {"id": delivery_id, "evidence": Jsonb({"look_up": evidence})},
    )


def _evidence(outcome: Outcome) -> dict[str, Any]:
    kept = {"code": outcome.code, "http_status": outcome.http_status, "answer": outcome.answer}
    return {key: value for key, value in kept.items() if value}

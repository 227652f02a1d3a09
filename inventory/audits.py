"""Proofs over stock: what is stored as a balance is the sum of the moves."""

from retailops.lib.audit import register_sql_audit

BALANCES = """
WITH summed AS (
    SELECT sku, location_id, disposition, sum(quantity) AS quantity FROM (
        SELECT sku, target_location_id AS location_id, target AS disposition, quantity::bigint FROM inventory_stockmove
        UNION ALL
        SELECT sku, source_location_id, source, -quantity::bigint FROM inventory_stockmove
    ) moved GROUP BY sku, location_id, disposition
)
SELECT 'stock ' || sku || ' in ' || disposition,
       'balance ' || coalesce(b.quantity, 0) || ', moves say ' || coalesce(s.quantity, 0)
  FROM inventory_stockbalance b FULL JOIN summed s USING (sku, location_id, disposition)
 WHERE coalesce(b.quantity, 0) <> coalesce(s.quantity, 0)
"""
TRANSITIONS = """
SELECT 'move ' || id, 'refers to ' || transition_id || ' but went ' || source || '>' || target
  FROM inventory_stockmove WHERE transition_id <> source || '>' || target
"""
ZERO = """
SELECT 'sku ' || sku, 'its balances sum to ' || sum(quantity) FROM inventory_stockbalance
 GROUP BY sku HAVING sum(quantity) <> 0
"""
SERIALS = """
SELECT 'serial ' || u.serial || ' of ' || u.sku, 'stands in ' || u.disposition || ', its last step went to ' ||
       coalesce(m.target, 'nowhere')
  FROM inventory_serialunit u
  LEFT JOIN LATERAL (SELECT move_id FROM inventory_serialstep WHERE unit_id = u.id ORDER BY id DESC LIMIT 1) step
         ON true
  LEFT JOIN inventory_stockmove m ON m.id = step.move_id
 WHERE (u.last_move_id, u.location_id, u.disposition) IS DISTINCT FROM
       (step.move_id, m.target_location_id, coalesce(m.target, 'external'))
UNION ALL
SELECT 'sku ' || u.sku || ' in ' || u.disposition, count(*) || ' serials stand there, and '
       || coalesce(b.quantity, 0) || ' units'
  FROM inventory_serialunit u LEFT JOIN inventory_stockbalance b
    ON b.sku = u.sku AND b.location_id = u.location_id AND b.disposition = u.disposition
 WHERE u.disposition NOT IN ('external', 'adjustment')
 GROUP BY u.sku, u.location_id, u.disposition, b.quantity HAVING count(*) > coalesce(b.quantity, 0)
"""
LOTS = """
WITH summed AS (
    SELECT lot_id, location_id, disposition, sum(quantity) AS quantity FROM (
        SELECT s.lot_id, m.target_location_id AS location_id, m.target AS disposition, s.quantity::bigint
          FROM inventory_lotstep s JOIN inventory_stockmove m ON m.id = s.move_id
        UNION ALL
        SELECT s.lot_id, m.source_location_id, m.source, -s.quantity::bigint
          FROM inventory_lotstep s JOIN inventory_stockmove m ON m.id = s.move_id
    ) moved GROUP BY lot_id, location_id, disposition
)
SELECT 'lot ' || l.code || ' of ' || l.sku || ' in ' || disposition,
       'balance ' || coalesce(b.quantity, 0) || ', steps say ' || coalesce(s.quantity, 0)
  FROM inventory_lotbalance b FULL JOIN summed s USING (lot_id, location_id, disposition)
  JOIN inventory_lot l ON l.id = lot_id
 WHERE coalesce(b.quantity, 0) <> coalesce(s.quantity, 0)
UNION ALL
SELECT 'sku ' || l.sku || ' in ' || b.disposition, sum(b.quantity) || ' units of lots stand there, and '
       || coalesce(p.quantity, 0) || ' units'
  FROM inventory_lotbalance b JOIN inventory_lot l ON l.id = b.lot_id
  LEFT JOIN inventory_stockbalance p
    ON p.sku = l.sku AND p.location_id = b.location_id AND p.disposition = b.disposition
 WHERE b.disposition NOT IN ('external', 'adjustment')
 GROUP BY l.sku, b.location_id, b.disposition, p.quantity HAVING sum(b.quantity) > coalesce(p.quantity, 0)
"""
TRANSFERS = """
WITH moved AS (
    SELECT subject_id AS transfer_id, sku,
           sum(CASE WHEN target = 'in_transit' THEN quantity WHEN source = 'in_transit' THEN -quantity ELSE 0 END)
           AS units
      FROM inventory_stockmove WHERE subject_type = 'stock_transfer' GROUP BY subject_id, sku
), told AS (
    SELECT l.transfer_id, l.sku, sum(CASE WHEN t.status = 'canceled' THEN 0
                                          ELSE l.quantity - l.received - l.missing END) AS units
      FROM inventory_transferline l JOIN inventory_stocktransfer t ON t.id = l.transfer_id
     GROUP BY l.transfer_id, l.sku
)
SELECT 'transfer ' || transfer_id || ', ' || sku,
       coalesce(t.units, 0) || ' units are told on their way, moves say ' || coalesce(m.units, 0)
  FROM told t FULL JOIN moved m USING (transfer_id, sku) WHERE coalesce(t.units, 0) <> coalesce(m.units, 0)
UNION ALL
SELECT 'transfer ' || t.id,
       'is ' || t.status || ' with ' || sum(l.quantity - l.received - l.missing) || ' units on their way'
  FROM inventory_stocktransfer t JOIN inventory_transferline l ON l.transfer_id = t.id
 WHERE t.status <> 'canceled' GROUP BY t.id, t.status
HAVING (t.status = 'received') <> (sum(l.quantity - l.received - l.missing) = 0)
"""
# From the moves alone; what was in flight then is taken as it was kept, for decisions may have been reversed since.
SNAPSHOTS = """
WITH meaning AS (
    SELECT s.id AS snapshot_id, m.key AS state, m.value AS disposition
      FROM inventory_snapshot s JOIN inventory_statemap p ON p.id = s.state_map_id, jsonb_each_text(p.states) m
     WHERE s.compared_at IS NOT NULL
), theirs AS (
    SELECT r.snapshot_id, r.sku, m.disposition, sum(r.quantity) AS quantity
      FROM inventory_snapshotrow r JOIN meaning m ON m.snapshot_id = r.snapshot_id AND m.state = r.state
     WHERE m.disposition <> '' GROUP BY 1, 2, 3
), ends AS (
    SELECT sku, target_location_id AS location_id, target AS disposition, at, quantity::bigint FROM inventory_stockmove
    UNION ALL
    SELECT sku, source_location_id, source, at, -quantity::bigint FROM inventory_stockmove
), ours AS (
    SELECT s.id AS snapshot_id, e.sku, e.disposition, sum(e.quantity) AS quantity
      FROM inventory_snapshot s JOIN ends e ON e.location_id = s.location_id AND e.at <= s.as_of
     WHERE s.compared_at IS NOT NULL
       AND EXISTS (SELECT 1 FROM meaning m WHERE m.snapshot_id = s.id AND m.disposition = e.disposition)
     GROUP BY 1, 2, 3
), again AS (
    SELECT snapshot_id, sku, disposition, coalesce(t.quantity, 0) AS theirs, coalesce(o.quantity, 0) AS ours
      FROM theirs t FULL JOIN ours o USING (snapshot_id, sku, disposition)
      JOIN inventory_snapshot s ON s.id = snapshot_id
     WHERE (s.complete OR EXISTS (
               SELECT 1 FROM inventory_snapshotrow r WHERE r.snapshot_id = s.id AND r.sku = coalesce(t.sku, o.sku)))
       AND NOT EXISTS (SELECT 1 FROM inventory_snapshotrow r
                        WHERE r.snapshot_id = s.id AND r.sku = coalesce(t.sku, o.sku) AND s.unmapped ? r.state)
)
SELECT 'snapshot ' || snapshot_id || ', ' || sku || ' ' || disposition,
       'kept ' || coalesce(d.theirs, 0) || ' against ' || coalesce(d.ours, 0) || ', again ' || coalesce(a.theirs, 0)
       || ' against ' || coalesce(a.ours, 0)
  FROM again a FULL JOIN inventory_snapshotdifference d USING (snapshot_id, sku, disposition)
 WHERE (d.id IS NULL AND a.theirs <> a.ours)
    OR (d.id IS NOT NULL AND (d.theirs, d.ours) IS DISTINCT FROM (a.theirs, a.ours))
    OR d.unexplained <> CASE WHEN d.theirs > d.ours THEN greatest(0, d.theirs - d.ours - d.coming)
                             ELSE least(0, d.theirs - d.ours + d.leaving) END
"""

RESERVED = """
WITH held AS (
    SELECT sku, location_id, 'sellable' AS disposition, sum(quantity) AS units
      FROM inventory_reservation WHERE status = 'held' GROUP BY sku, location_id
)
SELECT 'stock ' || sku || ' in ' || disposition,
       'counts ' || coalesce(b.reserved, 0) || ' reserved of ' || coalesce(b.quantity, 0) || ', reservations hold '
       || coalesce(h.units, 0)
  FROM inventory_stockbalance b FULL JOIN held h USING (sku, location_id, disposition)
 WHERE coalesce(b.reserved, 0) <> coalesce(h.units, 0) OR coalesce(h.units, 0) > coalesce(b.quantity, 0)
    AND coalesce(h.units, 0) > 0
"""
CONSUMED = """
SELECT 'reservation ' || r.id, 'consumed ' || r.quantity || ' of ' || r.sku || ', moves took ' || coalesce(m.units, 0)
  FROM (SELECT subject_id, sku, location_id, sum(quantity) AS quantity, min(id::text) AS id
          FROM inventory_reservation WHERE status = 'consumed' GROUP BY subject_id, sku, location_id) r
  LEFT JOIN (SELECT subject_id, sku, source_location_id AS location_id, sum(quantity) AS units
               FROM inventory_stockmove WHERE transition_id = 'sellable>external'
              GROUP BY subject_id, sku, source_location_id) m USING (subject_id, sku, location_id)
 WHERE r.quantity > coalesce(m.units, 0)
"""
# The sweep looks every ten minutes, so what expired, or came to the shelf, within the last hour is left out.
EXPIRED = """
SELECT 'location ' || p.code, sum(b.quantity) || ' units of expired lots stand on the shelf, and no case says so'
  FROM inventory_lotbalance b
  JOIN inventory_lot l ON l.id = b.lot_id
  JOIN inventory_location p ON p.id = b.location_id AND p.sellable
  JOIN inventory_stockbalance s ON s.sku = l.sku AND s.location_id = p.id AND s.disposition = 'sellable'
 WHERE b.disposition = 'sellable' AND b.quantity > 0
   AND l.expires_on < ((clock_timestamp() - interval '1 hour') AT TIME ZONE 'UTC')::date
   AND s.updated_at < clock_timestamp() - interval '1 hour'
   AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.dedupe_key = 'lot_expired:' || p.code AND c.status = 'open')
 GROUP BY p.code
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("stock balances equal the sum of their moves", BALANCES, invariant="19")
    register_sql_audit("all stock of a sku sums to zero", ZERO, invariant="19")
    register_sql_audit("serials stand where their last move brought them, within the balance", SERIALS)
    register_sql_audit("lots stand where their steps brought them, within the balance", LOTS, invariant="19")
    register_sql_audit("what is on its way between places is what transfers wait for", TRANSFERS, invariant="19")
    register_sql_audit("comparisons with other systems' counts can be made again", SNAPSHOTS)
    register_sql_audit("stock moves only between legal dispositions", TRANSITIONS, invariant="6")
    register_sql_audit("reserved stock is what reservations hold, within the sellable", RESERVED, invariant="19")
    register_sql_audit("expired goods on the shelf have a case", EXPIRED, invariant="20")
    register_sql_audit("consumed reservations went out of the house", CONSUMED, invariant="14")

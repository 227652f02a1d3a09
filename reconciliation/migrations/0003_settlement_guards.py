from django.db import migrations

APPEND_ONLY = ("importfile", "rawline", "item", "itemkey", "match", "allocation", "matchadjustment", "matchseal")

INSTALL = """
CREATE FUNCTION reconciliation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- What is open follows from items and allocations: nobody else writes amounts there.
CREATE FUNCTION reconciliation_item_opens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reconciliation_openitem (item_id, lane, side, remaining, due_on, queued)
    SELECT id, lane, side, amount, due_on, true FROM fresh WHERE lane IN ('payment', 'erp_memo', 'gift_card', 'tax');
    RETURN NULL;
END $$;
CREATE TRIGGER item_opens AFTER INSERT ON reconciliation_item REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_item_opens();

CREATE FUNCTION reconciliation_key_queues() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reconciliation_openitem SET queued = true
     WHERE NOT queued AND item_id IN (SELECT item_id FROM fresh);
    RETURN NULL;
END $$;
CREATE TRIGGER item_key_queues AFTER INSERT ON reconciliation_itemkey REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_key_queues();

CREATE FUNCTION reconciliation_match_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM reconciliation_matchseal WHERE match_id = NEW.id) THEN
        RAISE EXCEPTION 'match % is not sealed', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_sealed';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER match_is_sealed AFTER INSERT ON reconciliation_match
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reconciliation_match_is_sealed();

CREATE FUNCTION reconciliation_seal_is_true() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong uuid;
BEGIN
    SELECT part.match_id INTO wrong FROM (
        SELECT a.match_id, i.currency, CASE i.side WHEN 'A' THEN a.amount ELSE -a.amount END AS amount
          FROM fresh f JOIN reconciliation_allocation a ON a.match_id = f.match_id
          JOIN reconciliation_item i ON i.id = a.item_id
        UNION ALL
        SELECT d.match_id, d.currency, d.amount
          FROM fresh f JOIN reconciliation_matchadjustment d ON d.match_id = f.match_id
    ) part GROUP BY part.match_id, part.currency HAVING sum(part.amount) <> 0 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'match % does not net to zero', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_nets_to_zero';
    END IF;
    SELECT f.match_id INTO wrong FROM fresh f
     WHERE (SELECT count(*) FROM reconciliation_allocation a WHERE a.match_id = f.match_id) < 2 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'match % takes fewer than two items', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_has_two_items';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER seal_is_true AFTER INSERT ON reconciliation_matchseal REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_seal_is_true();

CREATE FUNCTION reconciliation_seal_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh f JOIN reconciliation_matchseal s ON s.match_id = f.match_id) THEN
        RAISE EXCEPTION 'a sealed match takes nothing more'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_match_is_closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER allocation_before_seal AFTER INSERT ON reconciliation_allocation REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_seal_holds();
CREATE TRIGGER adjustment_before_seal AFTER INSERT ON reconciliation_matchadjustment REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_seal_holds();

-- Whoever allocates locks the items first, so that the sums below hold what others have committed meanwhile.
CREATE FUNCTION reconciliation_allocate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
    PERFORM 1 FROM reconciliation_item WHERE id IN (SELECT item_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    SELECT i.id INTO wrong FROM reconciliation_item i
      JOIN (SELECT a.item_id, sum(a.amount) AS taken FROM reconciliation_allocation a
             WHERE a.item_id IN (SELECT item_id FROM fresh) GROUP BY a.item_id) t ON t.item_id = i.id
     WHERE t.taken * sign(i.amount) < 0 OR abs(t.taken) > abs(i.amount) LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'item % would be allocated beyond its amount', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'item_within_amount';
    END IF;
    WITH rest AS MATERIALIZED (
        SELECT i.id, i.lane, i.side, i.due_on, i.amount - sum(a.amount) AS remaining
          FROM reconciliation_item i JOIN reconciliation_allocation a ON a.item_id = i.id
         WHERE i.id IN (SELECT item_id FROM fresh) GROUP BY i.id
    ), gone AS (
        DELETE FROM reconciliation_openitem o USING rest r WHERE o.item_id = r.id AND r.remaining = 0
    )
    INSERT INTO reconciliation_openitem (item_id, lane, side, remaining, due_on, queued)
    SELECT id, lane, side, remaining, due_on, false FROM rest WHERE remaining <> 0
    ON CONFLICT (item_id) DO UPDATE SET remaining = excluded.remaining;
    RETURN NULL;
END $$;
CREATE TRIGGER item_within_amount AFTER INSERT ON reconciliation_allocation REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_allocate();
""" + "".join(
    f"CREATE TRIGGER settlement_{table}_append_only BEFORE UPDATE OR DELETE ON reconciliation_{table} "
    "FOR EACH ROW EXECUTE FUNCTION reconciliation_append_only();\n"
    for table in APPEND_ONLY
)
REMOVE = "".join(
    f"DROP TRIGGER settlement_{table}_append_only ON reconciliation_{table};\n" for table in APPEND_ONLY
) + """
DROP TRIGGER item_within_amount ON reconciliation_allocation;
DROP FUNCTION reconciliation_allocate();
DROP TRIGGER adjustment_before_seal ON reconciliation_matchadjustment;
DROP TRIGGER allocation_before_seal ON reconciliation_allocation;
DROP FUNCTION reconciliation_seal_holds();
DROP TRIGGER seal_is_true ON reconciliation_matchseal;
DROP FUNCTION reconciliation_seal_is_true();
DROP TRIGGER match_is_sealed ON reconciliation_match;
DROP FUNCTION reconciliation_match_is_sealed();
DROP TRIGGER item_key_queues ON reconciliation_itemkey;
DROP FUNCTION reconciliation_key_queues();
DROP TRIGGER item_opens ON reconciliation_item;
DROP FUNCTION reconciliation_item_opens();
DROP FUNCTION reconciliation_append_only();
"""


class Migration(migrations.Migration):
    """Facts are only added to; what is open follows from them; a match nets to zero, and no item is taken twice."""

    dependencies = [("reconciliation", "0002_settlements")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

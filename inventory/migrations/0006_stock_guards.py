from django.db import migrations

INSTALL = """
CREATE FUNCTION inventory_serial_stands_where_it_went() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE went record;
BEGIN
    SELECT sku, target_location_id, target INTO went FROM inventory_stockmove WHERE id = NEW.last_move_id;
    IF NEW.last_move_id IS NULL AND NEW.location_id IS NULL AND NEW.disposition = 'external' THEN
        RETURN NEW;
    END IF;
    IF (NEW.sku, NEW.location_id, NEW.disposition) IS DISTINCT FROM (went.sku, went.target_location_id, went.target) THEN
        RAISE EXCEPTION 'serial % of % does not stand where its last move brought it', NEW.serial, NEW.sku
            USING ERRCODE = 'check_violation', CONSTRAINT = 'serial_stands_where_it_went';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER serial_stands_where_it_went BEFORE INSERT OR UPDATE ON inventory_serialunit
    FOR EACH ROW EXECUTE FUNCTION inventory_serial_stands_where_it_went();

-- What comes from outside may have been anywhere, whatever the books said; all else starts where the unit stands.
CREATE FUNCTION inventory_serial_takes_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE unit record; move record;
BEGIN
    SELECT * INTO unit FROM inventory_serialunit WHERE id = NEW.unit_id FOR UPDATE;
    SELECT * INTO move FROM inventory_stockmove WHERE id = NEW.move_id;
    IF unit.sku <> move.sku OR (
        unit.last_move_id IS NOT NULL AND move.source NOT IN ('external', 'adjustment')
        AND (unit.location_id, unit.disposition) IS DISTINCT FROM (move.source_location_id, move.source)
    ) THEN
        RAISE EXCEPTION 'serial % of % does not stand where move % starts', unit.serial, unit.sku, move.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'serial_starts_where_it_stands';
    END IF;
    IF (SELECT count(*) FROM inventory_serialstep WHERE move_id = NEW.move_id) > move.quantity THEN
        RAISE EXCEPTION 'move % carries more serials than units', move.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'serials_within_quantity';
    END IF;
    UPDATE inventory_serialunit SET location_id = move.target_location_id, disposition = move.target,
           last_move_id = move.id, presumed = NEW.presumed WHERE id = unit.id;
    RETURN NULL;
END $$;
CREATE TRIGGER serial_takes_step AFTER INSERT ON inventory_serialstep
    FOR EACH ROW EXECUTE FUNCTION inventory_serial_takes_step();

CREATE FUNCTION inventory_serials_within_balance(the_sku text, place uuid, what text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE serials bigint;
BEGIN
    SELECT count(*) INTO serials FROM inventory_serialunit
     WHERE sku = the_sku AND location_id = place AND disposition = what;
    IF serials > 0 AND serials > coalesce((SELECT quantity FROM inventory_stockbalance
            WHERE sku = the_sku AND location_id = place AND disposition = what), 0) THEN
        RAISE EXCEPTION '% serials of % stand in %, more than units', serials, the_sku, what
            USING ERRCODE = 'check_violation', CONSTRAINT = 'serials_within_balance';
    END IF;
END $$;
CREATE FUNCTION inventory_check_serials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_serials_within_balance(NEW.sku, NEW.location_id, NEW.disposition);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER serials_within_balance AFTER INSERT OR UPDATE ON inventory_serialunit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.disposition NOT IN ('external', 'adjustment'))
    EXECUTE FUNCTION inventory_check_serials();
CREATE CONSTRAINT TRIGGER balance_holds_serials AFTER UPDATE ON inventory_stockbalance
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.quantity < OLD.quantity AND NEW.disposition NOT IN ('external', 'adjustment'))
    EXECUTE FUNCTION inventory_check_serials();

CREATE TRIGGER serial_step_append_only BEFORE UPDATE OR DELETE ON inventory_serialstep
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
CREATE TRIGGER snapshot_row_append_only BEFORE UPDATE OR DELETE ON inventory_snapshotrow
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
CREATE TRIGGER snapshot_difference_append_only BEFORE UPDATE OR DELETE ON inventory_snapshotdifference
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
CREATE TRIGGER state_map_append_only BEFORE UPDATE OR DELETE ON inventory_statemap
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
"""
REMOVE = """
DROP TRIGGER state_map_append_only ON inventory_statemap;
DROP TRIGGER snapshot_difference_append_only ON inventory_snapshotdifference;
DROP TRIGGER snapshot_row_append_only ON inventory_snapshotrow;
DROP TRIGGER serial_step_append_only ON inventory_serialstep;
DROP TRIGGER balance_holds_serials ON inventory_stockbalance;
DROP TRIGGER serials_within_balance ON inventory_serialunit;
DROP FUNCTION inventory_check_serials();
DROP FUNCTION inventory_serials_within_balance(text, uuid, text);
DROP TRIGGER serial_takes_step ON inventory_serialstep;
DROP FUNCTION inventory_serial_takes_step();
DROP TRIGGER serial_stands_where_it_went ON inventory_serialunit;
DROP FUNCTION inventory_serial_stands_where_it_went();
"""


class Migration(migrations.Migration):
    """A serial stands where its last move brought it, in no greater number than units do; facts are only added to."""

    dependencies = [("inventory", "0005_items_serials_snapshots")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

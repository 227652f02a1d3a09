from django.db import migrations

INSTALL = """
-- A lot's balance is the sum of its steps. Steps are written under the locks of the places' balances, so nothing
-- changes a lot's balance beside them.
CREATE FUNCTION inventory_add_to_lot(the_lot uuid, place uuid, what text, units bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE inventory_lotbalance SET quantity = quantity + units
     WHERE lot_id = the_lot AND location_id = place AND disposition = what;
    IF NOT FOUND THEN
        INSERT INTO inventory_lotbalance (lot_id, location_id, disposition, quantity)
        VALUES (the_lot, place, what, units);
    END IF;
END $$;

CREATE FUNCTION inventory_lot_takes_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE move record;
BEGIN
    SELECT * INTO move FROM inventory_stockmove WHERE id = NEW.move_id;
    IF move.sku <> (SELECT sku FROM inventory_lot WHERE id = NEW.lot_id) THEN
        RAISE EXCEPTION 'lot % is of another sku than move %', NEW.lot_id, move.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_step_of_its_sku';
    END IF;
    IF (SELECT sum(quantity) FROM inventory_lotstep WHERE move_id = NEW.move_id) > move.quantity THEN
        RAISE EXCEPTION 'lots of move % are more than its units', move.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lots_within_move';
    END IF;
    PERFORM inventory_add_to_lot(NEW.lot_id, move.source_location_id, move.source, -NEW.quantity);
    PERFORM inventory_add_to_lot(NEW.lot_id, move.target_location_id, move.target, NEW.quantity);
    RETURN NULL;
END $$;
CREATE TRIGGER lot_takes_step AFTER INSERT ON inventory_lotstep
    FOR EACH ROW EXECUTE FUNCTION inventory_lot_takes_step();
CREATE TRIGGER lot_step_append_only BEFORE UPDATE OR DELETE ON inventory_lotstep
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();

CREATE FUNCTION inventory_lots_within_balance(the_sku text, place uuid, what text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE units bigint;
BEGIN
    SELECT sum(b.quantity) INTO units FROM inventory_lotbalance b JOIN inventory_lot l ON l.id = b.lot_id
     WHERE l.sku = the_sku AND b.location_id = place AND b.disposition = what;
    IF units > 0 AND units > coalesce((SELECT quantity FROM inventory_stockbalance
            WHERE sku = the_sku AND location_id = place AND disposition = what), 0) THEN
        RAISE EXCEPTION '% units of lots of % stand in %, more than units', units, the_sku, what
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lots_within_balance';
    END IF;
END $$;
CREATE FUNCTION inventory_check_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_lots_within_balance(
        (SELECT sku FROM inventory_lot WHERE id = NEW.lot_id), NEW.location_id, NEW.disposition);
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_lots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_lots_within_balance(NEW.sku, NEW.location_id, NEW.disposition);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER lots_within_balance AFTER INSERT OR UPDATE ON inventory_lotbalance
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.disposition NOT IN ('external', 'adjustment'))
    EXECUTE FUNCTION inventory_check_lot();
CREATE CONSTRAINT TRIGGER balance_holds_lots AFTER UPDATE ON inventory_stockbalance
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.quantity < OLD.quantity AND NEW.disposition NOT IN ('external', 'adjustment'))
    EXECUTE FUNCTION inventory_check_lots();
"""
REMOVE = """
DROP TRIGGER balance_holds_lots ON inventory_stockbalance;
DROP TRIGGER lots_within_balance ON inventory_lotbalance;
DROP FUNCTION inventory_check_lots();
DROP FUNCTION inventory_check_lot();
DROP FUNCTION inventory_lots_within_balance(text, uuid, text);
DROP TRIGGER lot_step_append_only ON inventory_lotstep;
DROP TRIGGER lot_takes_step ON inventory_lotstep;
DROP FUNCTION inventory_lot_takes_step();
DROP FUNCTION inventory_add_to_lot(uuid, uuid, text, bigint);
"""


class Migration(migrations.Migration):
    """A lot's balance is the sum of its steps, and never more than stands in the place."""

    dependencies = [("inventory", "0008_lot_balances")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

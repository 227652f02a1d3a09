from django.db import migrations

# What was frozen stays as it was from the moment that a run began; items are never taken away.
FORWARD = """
CREATE FUNCTION bulk_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'items of bulk operations are kept' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'bulk_item_frozen';
    END IF;
    IF (NEW.operation_id, NEW.position, NEW.subject_id, NEW.fence, NEW.status, NEW.amount, NEW.currency, NEW.verdict,
        NEW.next_verdict, NEW.after_id, NEW.acts, NEW.sends)
       IS DISTINCT FROM
       (OLD.operation_id, OLD.position, OLD.subject_id, OLD.fence, OLD.status, OLD.amount, OLD.currency, OLD.verdict,
        OLD.next_verdict, OLD.after_id, OLD.acts, OLD.sends)
       AND EXISTS (SELECT 1 FROM replays_bulkoperation WHERE id = OLD.operation_id AND executed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the plan runs: what was frozen does not change' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'bulk_item_frozen';
    END IF;
    IF OLD.stage = 'done' AND NEW.stage <> 'done' THEN
        RAISE EXCEPTION 'an item that has its result is not begun again' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'bulk_item_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bulk_item_frozen BEFORE UPDATE OR DELETE ON replays_bulkitem
    FOR EACH ROW EXECUTE FUNCTION bulk_item_frozen();
"""
BACKWARD = "DROP TRIGGER bulk_item_frozen ON replays_bulkitem; DROP FUNCTION bulk_item_frozen();"


class Migration(migrations.Migration):
    dependencies = [("replays", "0001_bulk_operations")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

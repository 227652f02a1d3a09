from django.db import migrations

INSTALL = """
CREATE TRIGGER parcel_scan_append_only BEFORE UPDATE OR DELETE ON returns_parcelscan
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- What a till handed in and what it paid out are facts: they are never deleted, and what they say is never rewritten.
CREATE FUNCTION returns_till_facts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% is kept: DELETE is refused', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_TABLE_NAME = 'returns_storebatchitem' THEN
        IF NEW.raw IS DISTINCT FROM OLD.raw OR NEW.external_id <> OLD.external_id
           OR NEW.location_id <> OLD.location_id THEN
            RAISE EXCEPTION 'what the till said is kept' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency OR NEW.reference <> OLD.reference
          OR NEW.rma_id <> OLD.rma_id OR NEW.reserved < OLD.reserved THEN
        RAISE EXCEPTION 'what the till paid out is kept' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER store_item_stays BEFORE UPDATE OR DELETE ON returns_storebatchitem
    FOR EACH ROW EXECUTE FUNCTION returns_till_facts_stay();
CREATE TRIGGER till_refund_stays BEFORE UPDATE OR DELETE ON returns_tillrefund
    FOR EACH ROW EXECUTE FUNCTION returns_till_facts_stay();
"""
REMOVE = """
DROP TRIGGER till_refund_stays ON returns_tillrefund;
DROP TRIGGER store_item_stays ON returns_storebatchitem;
DROP FUNCTION returns_till_facts_stay();
DROP TRIGGER parcel_scan_append_only ON returns_parcelscan;
"""


class Migration(migrations.Migration):
    """Scans can only be added to; what a till told is never rewritten."""

    dependencies = [("returns", "0026_tables_of_kinds")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

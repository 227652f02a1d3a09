from django.db import migrations

INSTALL = """
CREATE TRIGGER claim_credit_append_only BEFORE UPDATE OR DELETE ON returns_claimcredit
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- A unit of a verdict is claimed at most once. The service holds the slice's row, so it never gets here.
CREATE FUNCTION returns_claimed_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found returns_dispositionslice%ROWTYPE;
    others bigint;
BEGIN
    IF NEW.slice_id IS NULL OR NOT NEW.live THEN
        RETURN NEW;
    END IF;
    SELECT * INTO found FROM returns_dispositionslice WHERE id = NEW.slice_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(quantity), 0) INTO others FROM returns_claimline
     WHERE slice_id = NEW.slice_id AND live AND id <> NEW.id;
    IF found.status = 'reversed' OR others + NEW.quantity > found.quantity THEN
        RAISE EXCEPTION 'units of disposition % are claimed already, or taken back', NEW.slice_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_claimed_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claimed_once BEFORE INSERT OR UPDATE OF slice_id, quantity, live ON returns_claimline
    FOR EACH ROW EXECUTE FUNCTION returns_claimed_once();

CREATE FUNCTION returns_slice_not_claimed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM returns_claimline WHERE slice_id = NEW.id AND live) THEN
        RAISE EXCEPTION 'disposition % is claimed from its supplier', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claimed_slice_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER slice_not_claimed BEFORE UPDATE OF status ON returns_dispositionslice
    FOR EACH ROW WHEN (NEW.status = 'reversed' AND OLD.status <> 'reversed')
    EXECUTE FUNCTION returns_slice_not_claimed();
"""
REMOVE = """
DROP TRIGGER slice_not_claimed ON returns_dispositionslice;
DROP FUNCTION returns_slice_not_claimed();
DROP TRIGGER claimed_once ON returns_claimline;
DROP FUNCTION returns_claimed_once();
DROP TRIGGER claim_credit_append_only ON returns_claimcredit;
"""


class Migration(migrations.Migration):
    """Each unit is claimed once, what is claimed is not taken back, and credits can only be added to."""

    dependencies = [("returns", "0015_claims_reviews_warranty")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

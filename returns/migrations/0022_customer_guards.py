from django.db import migrations

INSTALL = """
-- Erasing is the one change of what is append-only: it sets `retailops.erasing`, and each column that it changes bears
-- the mark of erasure afterwards. Amounts, states, times and keys cannot bear it, so they cannot be changed.
CREATE FUNCTION retailops_only_erases(before jsonb, after jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('retailops.erasing', true), '') = 'on' AND NOT EXISTS (
        SELECT 1 FROM jsonb_each(after) n JOIN jsonb_each(before) o USING (key)
         WHERE n.value IS DISTINCT FROM o.value AND strpos(n.value::text, '[erased]') = 0)
$$;

CREATE OR REPLACE FUNCTION returns_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND retailops_only_erases(to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION inventory_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND retailops_only_erases(to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('retailops.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    -- Test databases are emptied between tests.
    IF TG_OP = 'TRUNCATE' AND current_setting('retailops.truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND retailops_only_erases(to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER survivor_append_only BEFORE UPDATE OR DELETE ON returns_survivor
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER customer_merge_append_only BEFORE UPDATE OR DELETE ON returns_customermerge
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER customer_unmerge_append_only BEFORE UPDATE OR DELETE ON returns_customerunmerge
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER moved_reference_append_only BEFORE UPDATE OR DELETE ON returns_movedreference
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER customer_erasure_append_only BEFORE UPDATE OR DELETE ON returns_customererasure
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- A customer is merged into one that is not merged itself, and only while it is not merged yet: no cycle can come to be.
-- The target's lock makes two merges that cross wait for each other.
CREATE FUNCTION returns_merge_into_root() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    beyond uuid;
BEGIN
    IF NEW.merged_into_id IS NULL OR (TG_OP = 'UPDATE' AND NEW.merged_into_id IS NOT DISTINCT FROM OLD.merged_into_id)
    THEN
        RETURN NEW;
    END IF;
    SELECT merged_into_id INTO beyond FROM returns_customer WHERE id = NEW.merged_into_id FOR NO KEY UPDATE;
    IF beyond IS NOT NULL OR (TG_OP = 'UPDATE' AND OLD.merged_into_id IS NOT NULL) THEN
        RAISE EXCEPTION 'customer % cannot be merged into %: one of them is merged already', NEW.id, NEW.merged_into_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'merge_into_root';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER merge_into_root BEFORE INSERT OR UPDATE OF merged_into_id ON returns_customer
    FOR EACH ROW EXECUTE FUNCTION returns_merge_into_root();
"""
REMOVE = """
DROP TRIGGER merge_into_root ON returns_customer;
DROP FUNCTION returns_merge_into_root();
DROP TRIGGER survivor_append_only ON returns_survivor;
DROP TRIGGER customer_merge_append_only ON returns_customermerge;
DROP TRIGGER customer_unmerge_append_only ON returns_customerunmerge;
DROP TRIGGER moved_reference_append_only ON returns_movedreference;
DROP TRIGGER customer_erasure_append_only ON returns_customererasure;
CREATE OR REPLACE FUNCTION returns_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION inventory_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('retailops.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'TRUNCATE' AND current_setting('retailops.truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
DROP FUNCTION retailops_only_erases(jsonb, jsonb);
"""


class Migration(migrations.Migration):
    """Merges are a log without cycles; what is append-only may be erased, and only erased."""

    dependencies = [
        ("returns", "0021_customers"),
        ("events", "0008_room_for_the_second_version"),
        ("inventory", "0003_legal_transitions"),
    ]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

from django.db import migrations

INSTALL = """
CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('retailops.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    -- Test databases are emptied between tests.
    IF TG_OP = 'TRUNCATE' AND current_setting('retailops.truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_append_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION events_append_only();
CREATE TRIGGER attempt_append_only BEFORE UPDATE OR DELETE ON events_attempt
    FOR EACH ROW EXECUTE FUNCTION events_append_only();
CREATE TRIGGER attempt_no_truncate BEFORE TRUNCATE ON events_attempt
    FOR EACH STATEMENT EXECUTE FUNCTION events_append_only();
-- The queue churns: room on each page lets a lease be renewed in place, and vacuum comes by often.
ALTER TABLE events_delivery SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02
);
"""
REMOVE = """
DROP TRIGGER event_append_only ON events_event;
DROP TRIGGER event_no_truncate ON events_event;
DROP TRIGGER attempt_append_only ON events_attempt;
DROP TRIGGER attempt_no_truncate ON events_attempt;
DROP FUNCTION events_append_only();
ALTER TABLE events_delivery RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
"""


class Migration(migrations.Migration):
    """Events and attempts can only be added to; retention alone may delete, by setting `retailops.retention`."""

    dependencies = [("events", "0002_tables")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

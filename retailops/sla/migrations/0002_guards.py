from django.db import migrations

INSTALL = """
-- Running clocks keep the version that they were started under: once in force it only ends.
CREATE FUNCTION sla_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.effective_from IS NOT NULL THEN
            RAISE EXCEPTION 'SLA policy %@% has been in force: it is never deleted', OLD.name, OLD.version
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sla_policy_is_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (
        (NEW.name, NEW.version, NEW.subject_type, NEW.channel, NEW.region, NEW.brand, NEW.connection, NEW.starts,
         NEW.stops, NEW.cancels, NEW.revives, NEW.pauses, NEW.resumes, NEW.target_seconds, NEW.warn_seconds,
         NEW.calendar_id, NEW.severity, NEW.opens_case, NEW.effective_from, NEW.created_by)
        IS DISTINCT FROM
        (OLD.name, OLD.version, OLD.subject_type, OLD.channel, OLD.region, OLD.brand, OLD.connection, OLD.starts,
         OLD.stops, OLD.cancels, OLD.revives, OLD.pauses, OLD.resumes, OLD.target_seconds, OLD.warn_seconds,
         OLD.calendar_id, OLD.severity, OLD.opens_case, OLD.effective_from, OLD.created_by)) THEN
        RAISE EXCEPTION 'SLA policy %@% is in force: it is followed by a newer version', OLD.name, OLD.version
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sla_policy_in_force_is_immutable';
    END IF;
    IF (OLD.status = 'active' AND NEW.status NOT IN ('active', 'retired'))
       OR (OLD.status = 'retired' AND NEW.status <> 'retired') THEN
        RAISE EXCEPTION 'SLA policy %@% cannot become % again', OLD.name, OLD.version, NEW.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sla_policy_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sla_policy_guard BEFORE UPDATE OR DELETE ON sla_slapolicy
    FOR EACH ROW EXECUTE FUNCTION sla_policy_guard();

CREATE FUNCTION sla_calendar_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of an SLA calendar is never changed or deleted: %@%', OLD.name, OLD.version
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sla_calendar_is_kept';
END $$;
CREATE TRIGGER sla_calendar_guard BEFORE UPDATE OR DELETE ON sla_slacalendar
    FOR EACH ROW EXECUTE FUNCTION sla_calendar_guard();
"""
REMOVE = """
DROP TRIGGER sla_calendar_guard ON sla_slacalendar;
DROP FUNCTION sla_calendar_guard();
DROP TRIGGER sla_policy_guard ON sla_slapolicy;
DROP FUNCTION sla_policy_guard();
"""


class Migration(migrations.Migration):
    """A version in force is immutable, and calendars are kept as they were."""

    dependencies = [("sla", "0001_tables")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

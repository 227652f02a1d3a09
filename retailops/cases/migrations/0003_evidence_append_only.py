"""Evidence can only be added to."""

from django.db import migrations

INSTALL = """
CREATE FUNCTION cases_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Law may ask that a picture be erased: retention alone may delete, by setting this.
    IF TG_OP = 'DELETE' AND current_setting('retailops.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER evidence_file_append_only BEFORE UPDATE OR DELETE ON cases_evidencefile
    FOR EACH ROW EXECUTE FUNCTION cases_append_only();
CREATE TRIGGER evidence_content_append_only BEFORE UPDATE OR DELETE ON cases_evidencecontent
    FOR EACH ROW EXECUTE FUNCTION cases_append_only();

-- What a decision rested on stays as it was seen.
CREATE FUNCTION cases_decision_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.decided_by <> '' AND (NEW.decided_by, NEW.seen, NEW.bound_to, NEW.amount)
       IS DISTINCT FROM (OLD.decided_by, OLD.seen, OLD.bound_to, OLD.amount) THEN
        RAISE EXCEPTION 'approval % was decided: what was seen stays', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_decision_is_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_decision_kept BEFORE UPDATE ON cases_approval
    FOR EACH ROW EXECUTE FUNCTION cases_decision_kept();
"""
REMOVE = """
DROP TRIGGER approval_decision_kept ON cases_approval;
DROP FUNCTION cases_decision_kept();
DROP TRIGGER evidence_content_append_only ON cases_evidencecontent;
DROP TRIGGER evidence_file_append_only ON cases_evidencefile;
DROP FUNCTION cases_append_only();
"""


class Migration(migrations.Migration):
    """Files of evidence are never changed or deleted; a decision keeps what it saw."""

    dependencies = [("cases", "0002_evidence_files")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

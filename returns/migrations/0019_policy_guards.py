from django.db import migrations

INSTALL = """
-- From its activation on a version's rules and scope are what decisions name: nobody rewrites them. It may only be
-- rolled out further, ended, and retired.
CREATE FUNCTION returns_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status IN ('active', 'retired') THEN
            RAISE EXCEPTION 'policy %@% has been in force: it is never deleted', OLD.name, OLD.version
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'policy_is_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status IN ('active', 'retired') AND (
        (NEW.name, NEW.version, NEW.rules, NEW.channel, NEW.region, NEW.brand, NEW.category, NEW.customer_group,
         NEW.effective_from, NEW.approved_by, NEW.created_by)
        IS DISTINCT FROM
        (OLD.name, OLD.version, OLD.rules, OLD.channel, OLD.region, OLD.brand, OLD.category, OLD.customer_group,
         OLD.effective_from, OLD.approved_by, OLD.created_by)) THEN
        RAISE EXCEPTION 'policy %@% is in force: its rules and scope never change', OLD.name, OLD.version
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'policy_in_force_is_immutable';
    END IF;
    IF (OLD.status = 'active' AND NEW.status NOT IN ('active', 'retired'))
       OR (OLD.status = 'retired' AND NEW.status <> 'retired') THEN
        RAISE EXCEPTION 'policy %@% cannot become % again', OLD.name, OLD.version, NEW.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'policy_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policy_guard BEFORE UPDATE OR DELETE ON returns_returnpolicy
    FOR EACH ROW EXECUTE FUNCTION returns_policy_guard();

CREATE FUNCTION returns_term_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.code <> OLD.code OR NEW.vocabulary_id <> OLD.vocabulary_id THEN
        RAISE EXCEPTION 'a term is retired, never deleted or renamed: %', OLD.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'term_is_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER term_guard BEFORE UPDATE OR DELETE ON returns_term
    FOR EACH ROW EXECUTE FUNCTION returns_term_guard();
"""
REMOVE = """
DROP TRIGGER term_guard ON returns_term;
DROP FUNCTION returns_term_guard();
DROP TRIGGER policy_guard ON returns_returnpolicy;
DROP FUNCTION returns_policy_guard();
"""


class Migration(migrations.Migration):
    """A version in force is immutable, and terms are kept."""

    dependencies = [("returns", "0018_policies_and_vocabularies")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

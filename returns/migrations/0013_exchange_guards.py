from django.db import migrations

INSTALL = """
CREATE TRIGGER exchange_component_append_only BEFORE UPDATE OR DELETE ON returns_exchangecomponent
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER exchange_payment_append_only BEFORE UPDATE OR DELETE ON returns_exchangepayment
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- What was agreed is frozen: only the reservation of a line may still change.
CREATE FUNCTION returns_exchange_line_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'reservation_id') <> (to_jsonb(OLD) - 'reservation_id') THEN
        RAISE EXCEPTION 'the line of an exchange is frozen: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER exchange_line_frozen BEFORE UPDATE OR DELETE ON returns_exchangeline
    FOR EACH ROW EXECUTE FUNCTION returns_exchange_line_is_frozen();
"""
REMOVE = """
DROP TRIGGER exchange_line_frozen ON returns_exchangeline;
DROP FUNCTION returns_exchange_line_is_frozen();
DROP TRIGGER exchange_payment_append_only ON returns_exchangepayment;
DROP TRIGGER exchange_component_append_only ON returns_exchangecomponent;
"""


class Migration(migrations.Migration):
    """What an exchange was agreed at, and what was paid for it, can only be added to."""

    dependencies = [("returns", "0012_exchanges")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

from django.db import migrations

INSTALL = """
CREATE TRIGGER stored_entry_append_only BEFORE UPDATE OR DELETE ON returns_storedentry
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- What a marketplace told stays as it was told; only the refund that it settles may be found later, once.
CREATE TRIGGER observed_refund_append_only BEFORE DELETE ON returns_observedrefund
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER observed_refund_settles_once BEFORE UPDATE ON returns_observedrefund
    FOR EACH ROW WHEN (OLD.refund_id IS NOT NULL
        OR (OLD.payment_id, OLD.external_id, OLD.amount, OLD.currency, OLD.observed_at, OLD.actor, OLD.recorded_at)
           IS DISTINCT FROM
           (NEW.payment_id, NEW.external_id, NEW.amount, NEW.currency, NEW.observed_at, NEW.actor, NEW.recorded_at))
    EXECUTE FUNCTION returns_append_only();

-- Last line of defense: the service writes entry and balance together under the account's lock.
CREATE FUNCTION returns_entry_in_currency() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account returns_storedaccount%ROWTYPE;
BEGIN
    SELECT * INTO account FROM returns_storedaccount WHERE id = NEW.account_id;
    IF NEW.currency <> account.currency THEN
        RAISE EXCEPTION 'entry currency % differs from account currency %', NEW.currency, account.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_in_account_currency';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_in_currency BEFORE INSERT ON returns_storedentry
    FOR EACH ROW EXECUTE FUNCTION returns_entry_in_currency();
"""
REMOVE = """
DROP TRIGGER entry_in_currency ON returns_storedentry;
DROP FUNCTION returns_entry_in_currency();
DROP TRIGGER stored_entry_append_only ON returns_storedentry;
DROP TRIGGER observed_refund_append_only ON returns_observedrefund;
DROP TRIGGER observed_refund_settles_once ON returns_observedrefund;
"""


class Migration(migrations.Migration):
    """The ledger of stored value and what marketplaces told can only be added to."""

    dependencies = [("returns", "0006_stored_value")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

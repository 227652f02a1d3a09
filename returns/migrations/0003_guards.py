from django.db import migrations

INSTALL = """
CREATE FUNCTION returns_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER receipt_append_only BEFORE UPDATE OR DELETE ON returns_receipt
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER receipt_line_append_only BEFORE UPDATE OR DELETE ON returns_receiptline
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER refund_attempt_append_only BEFORE UPDATE OR DELETE ON returns_refundattempt
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();

-- Last line of defense of invariants 1 and 13; the service reserves under the payment's lock, so it never gets here.
CREATE FUNCTION returns_refund_within_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    live CONSTANT text[] := ARRAY['proposed', 'pending_approval', 'approved', 'submitting', 'pending',
                                  'requires_action', 'succeeded', 'unknown'];
    paid returns_payment%ROWTYPE;
    reserved bigint;
BEGIN
    IF NOT NEW.status = ANY (live) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status = ANY (live) AND NEW.amount <= OLD.amount
       AND NEW.payment_id = OLD.payment_id AND NEW.currency = OLD.currency THEN
        RETURN NEW;
    END IF;
    SELECT * INTO paid FROM returns_payment WHERE id = NEW.payment_id;
    SELECT coalesce(sum(amount), 0) INTO reserved FROM returns_refund
     WHERE payment_id = NEW.payment_id AND status = ANY (live) AND id <> NEW.id;
    IF NEW.currency <> paid.currency THEN
        RAISE EXCEPTION 'refund currency % differs from payment currency %', NEW.currency, paid.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_in_payment_currency';
    END IF;
    IF reserved + NEW.amount > paid.captured - paid.charged_back THEN
        RAISE EXCEPTION 'refunds of payment % would exceed what was captured', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_capture';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_within_capture BEFORE INSERT OR UPDATE OF status, amount, payment_id, currency ON returns_refund
    FOR EACH ROW EXECUTE FUNCTION returns_refund_within_capture();
"""
REMOVE = """
DROP TRIGGER refund_within_capture ON returns_refund;
DROP FUNCTION returns_refund_within_capture();
DROP TRIGGER receipt_append_only ON returns_receipt;
DROP TRIGGER receipt_line_append_only ON returns_receiptline;
DROP TRIGGER refund_attempt_append_only ON returns_refundattempt;
DROP FUNCTION returns_append_only();
"""


class Migration(migrations.Migration):
    """Facts of arrival and answers of gateways can only be added to; a payment never refunds more than it captured."""

    dependencies = [("returns", "0002_tables")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

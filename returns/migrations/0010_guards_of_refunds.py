"""Last lines of defense: nothing is paid beyond policy without its approval, nor twice beside a chargeback."""

from django.db import migrations

INSTALL = """
-- The service consumes the approval first and submits in the same transaction, so it never gets here.
CREATE FUNCTION returns_refund_paid_as_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    word cases_approval%ROWTYPE;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- What a marketplace holds is paid as the marketplace tells, which is a fact.
        IF OLD.status NOT IN ('proposed', 'pending_approval')
           AND NOT (OLD.status = 'pending' AND NEW.status = 'succeeded' AND NEW.payment_id = OLD.payment_id
                    AND EXISTS (SELECT 1 FROM returns_payment p WHERE p.id = NEW.payment_id
                                   AND 'marketplace' IN (p.tender, p.gateway)))
           AND (NEW.amount, NEW.currency, NEW.payment_id, NEW.requested_by)
               IS DISTINCT FROM (OLD.amount, OLD.currency, OLD.payment_id, OLD.requested_by) THEN
            RAISE EXCEPTION 'refund % was decided: its amount and payment are fixed', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_is_fixed_once_decided';
        END IF;
        IF NEW.status = OLD.status THEN
            RETURN NEW;
        END IF;
    END IF;
    IF NEW.status NOT IN ('approved', 'submitting') THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM returns_chargeback WHERE payment_id = NEW.payment_id AND status = 'opened') THEN
        RAISE EXCEPTION 'payment % is disputed: refund % would pay the customer twice', NEW.payment_id, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_disputed_payment';
    END IF;
    IF NEW.approval_id IS NULL AND NOT NEW.facts ? 'broken' AND NEW.approved_by LIKE 'policy:%' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO word FROM cases_approval WHERE id = NEW.approval_id;
    IF word.id IS NULL OR word.status <> 'consumed' OR word.subject_id <> NEW.id
       OR word.amount IS DISTINCT FROM NEW.amount + NEW.bonus OR word.currency <> NEW.currency
       OR word.decided_by IN ('', word.requested_by, NEW.requested_by) THEN
        RAISE EXCEPTION 'refund % has no used approval of exactly its amount', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_paid_as_approved';
    END IF;
    RETURN NEW;
END $$;
-- After the row's own checks, which say the plainer reason.
CREATE TRIGGER refund_paid_as_approved AFTER INSERT OR UPDATE ON returns_refund
    FOR EACH ROW EXECUTE FUNCTION returns_refund_paid_as_approved();

CREATE FUNCTION returns_chargeback_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'opened' AND NEW.status = 'opened' OR NEW.told_at < OLD.told_at
       OR NEW.payment_id <> OLD.payment_id OR NEW.external_id <> OLD.external_id THEN
        RAISE EXCEPTION 'chargeback % never goes backwards', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chargeback_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chargeback_forward BEFORE UPDATE ON returns_chargeback
    FOR EACH ROW EXECUTE FUNCTION returns_chargeback_forward();
CREATE TRIGGER chargeback_kept BEFORE DELETE ON returns_chargeback
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER refund_override_append_only BEFORE UPDATE OR DELETE ON returns_refundoverride
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
"""
REMOVE = """
DROP TRIGGER refund_override_append_only ON returns_refundoverride;
DROP TRIGGER chargeback_kept ON returns_chargeback;
DROP TRIGGER chargeback_forward ON returns_chargeback;
DROP FUNCTION returns_chargeback_forward();
DROP TRIGGER refund_paid_as_approved ON returns_refund;
DROP FUNCTION returns_refund_paid_as_approved();
"""


class Migration(migrations.Migration):
    """A refund is sent as it was approved, a disputed payment is not refunded, a dispute never goes backwards."""

    dependencies = [("returns", "0009_chargebacks_and_overrides"), ("cases", "0002_evidence_files")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

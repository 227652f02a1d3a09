from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

GUARD = """
CREATE TRIGGER transfer_receipt_append_only BEFORE UPDATE OR DELETE ON inventory_transferreceipt
    FOR EACH ROW EXECUTE FUNCTION inventory_append_only();
"""
REMOVE = "DROP TRIGGER transfer_receipt_append_only ON inventory_transferreceipt;"


class Migration(migrations.Migration):
    """What is on its way between places is moved by its transfer alone; what arrived is only added to."""

    dependencies = [("inventory", "0011_transfers")]
    operations = [
        AddConstraintNotValid(
            model_name="stockmove",
            constraint=models.CheckConstraint(condition=models.Q(("subject_type", "stock_transfer"), models.Q(models.Q(models.Q(("target", "in_transit"), _negated=True), ("source", "external"), _connector='OR'), models.Q(models.Q(("source", "in_transit"), _negated=True), ('target__in', ('external', 'received', 'pending_inspection', 'quarantine', 'missing')), _connector='OR')), _connector='OR'), name='in_transit_by_transfer'),
        ),
        migrations.RunSQL(GUARD, REMOVE),
    ]

from django.db import migrations

INSTALL = """
CREATE TRIGGER receipt_serial_append_only BEFORE UPDATE OR DELETE ON returns_receiptserial
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
CREATE TRIGGER slice_serial_append_only BEFORE UPDATE OR DELETE ON returns_sliceserial
    FOR EACH ROW EXECUTE FUNCTION returns_append_only();
"""
REMOVE = """
DROP TRIGGER slice_serial_append_only ON returns_sliceserial;
DROP TRIGGER receipt_serial_append_only ON returns_receiptserial;
"""


class Migration(migrations.Migration):
    """Numbers that were read can only be added to."""

    dependencies = [("returns", "0024_serials")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

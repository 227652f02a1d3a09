from django.db import migrations


class Migration(migrations.Migration):
    """What was written with an event stays as it was, as the event does; erasing alone takes a person out of it."""

    dependencies = [("events", "0011_remarks")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER remark_append_only BEFORE UPDATE OR DELETE ON events_remark"
            " FOR EACH ROW EXECUTE FUNCTION events_append_only();",
            "DROP TRIGGER remark_append_only ON events_remark;",
        )
    ]

from django.db import migrations


class Migration(migrations.Migration):
    """The sequences that column defaults of the next migration read."""

    initial = True
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE events_position AS bigint; CREATE SEQUENCE events_lane_seq AS bigint CACHE 1;",
            "DROP SEQUENCE events_position; DROP SEQUENCE events_lane_seq;",
        )
    ]

from django.db import migrations


class Migration(migrations.Migration):
    """The sequence of human numbers, which a column default of the next migration reads."""

    initial = True
    operations = [
        migrations.RunSQL("CREATE SEQUENCE returns_rma_number AS bigint", "DROP SEQUENCE returns_rma_number"),
    ]

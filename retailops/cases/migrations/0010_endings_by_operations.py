from django.db import migrations, models


class Migration(migrations.Migration):
    """Which operation ends the cases of a mended cause. An empty column: nothing is rewritten."""

    dependencies = [("cases", "0009_notes_taken_back")]
    operations = [
        migrations.AddField("groupending", "operation_id", models.UUIDField(blank=True, null=True)),
    ]

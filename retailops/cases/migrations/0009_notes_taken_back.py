from django.db import migrations, models


class Migration(migrations.Migration):
    """When its author took a note back. Empty columns: nothing is rewritten."""

    dependencies = [("cases", "0008_indexes_of_boards")]
    operations = [
        migrations.AddField("casenote", "taken_back_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("groupnote", "taken_back_at", models.DateTimeField(blank=True, null=True)),
    ]

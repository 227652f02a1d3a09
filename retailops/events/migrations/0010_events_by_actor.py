from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what somebody did, the latest first: the audit log asks for it."""

    atomic = False
    dependencies = [("events", "0009_alert_destinations")]
    operations = [
        AddIndexConcurrently("event", models.Index(fields=["actor", "position"], name="event_of_actor")),
    ]

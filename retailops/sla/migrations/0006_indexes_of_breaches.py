from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What boards count of late clocks, without the table; each is written when a clock breaches and not before."""

    atomic = False
    dependencies = [("sla", "0005_clocks_counted")]
    operations = [
        AddIndexConcurrently(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", False), ("state__in", ["running", "paused"])),
                fields=["name"],
                include=("channel", "region", "brand", "connection", "state", "subject_type", "subject_id", "started_at", "breached_at"),
                name="sla_clock_overdue",
            ),
        ),
        AddIndexConcurrently(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", False)),
                fields=["breached_at"],
                include=("name", "channel", "region", "brand", "connection", "state", "subject_type", "subject_id"),
                name="sla_clock_broken",
            ),
        ),
    ]

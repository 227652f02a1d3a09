from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Cases by when they were resolved, with what boards count them by."""

    atomic = False
    dependencies = [("cases", "0007_narrow_copy_of_open_cases")]
    operations = [
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("status", "resolved")),
                fields=["resolved_at"],
                include=("opened_at", "channel", "region", "brand", "delivery_id"),
                name="cases_resolved",
            ),
        ),
    ]

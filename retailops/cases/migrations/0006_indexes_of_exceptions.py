from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OPEN = models.Q(("status", "open"))


class Migration(migrations.Migration):
    """Indexes of exceptions, built while the table is in use: what groups cost, how many came a day, what is due."""

    atomic = False
    dependencies = [("cases", "0005_places_of_cases")]
    operations = [
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=OPEN,
                fields=["group", "correlation_id"],
                include=("customer_id", "region", "brand", "due_at", "opened_at", "amount", "currency", "escalated_at", "snoozed_until"),
                name="open_cases_of_group",
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                fields=["group", "opened_at"], include=("region", "brand"), name="cases_of_group_by_day"
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(condition=OPEN, fields=["due_at", "id"], name="open_cases_by_due"),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(condition=OPEN, fields=["-id"], name="open_cases_by_id"),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("snoozed_until__isnull", False), ("status", "open")),
                fields=["snoozed_until"],
                name="cases_put_off",
            ),
        ),
    ]

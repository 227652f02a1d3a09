from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """A narrow copy of the open cases, from which screens read; built while the table is in use."""

    atomic = False
    dependencies = [
        ("cases", "0006_indexes_of_exceptions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='case',
            index=models.Index(condition=models.Q(("status", "open")), fields=['-id', 'region'], include=('brand', 'channel', 'group', 'owner', 'queue', 'connection', 'system', 'operation', 'failure_class', 'failure_code', 'release', 'amount', 'currency', 'opened_at', 'due_at', 'snoozed_until', 'escalated_at', 'correlation_id', 'customer_id', 'delivery_id'), name='open_cases_narrow'),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                fields=["opened_at"],
                include=("region", "brand", "connection", "operation", "channel", "failure_code", "release", "delivery_id"),
                name="cases_by_day",
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["region", "-id"],
                include=("brand", "group", "owner", "snoozed_until", "due_at"),
                name="open_cases_of_region",
            ),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                condition=models.Q(("status", "resolved")),
                fields=["group", "resolution_reason", "resolved_at"],
                include=("region", "brand"),
                name="cases_of_group_ended",
            ),
        ),
    ]

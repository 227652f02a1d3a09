from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Count what is about to breach and what has, without the table; built while it is in use."""

    atomic = False
    dependencies = [
        ("sla", "0004_alerts"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='slaclock',
            index=models.Index(condition=models.Q(('breached_at', None), ("state", "running"), ('warned_at__isnull', False)), fields=['due_at', 'id'], include=("region", "brand"), name='sla_clock_soon'),
        ),
        AddIndexConcurrently(
            model_name='slaclock',
            index=models.Index(condition=models.Q(('breached_at__isnull', False), ("state", "running")), fields=['due_at', 'id'], include=("region", "brand"), name='sla_clock_late'),
        ),
    ]

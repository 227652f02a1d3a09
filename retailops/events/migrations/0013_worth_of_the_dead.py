from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Sum what stopped, without the table; built while it is in use."""

    atomic = False
    dependencies = [
        ("events", "0012_remarks_append_only"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(("status", "dead")), fields=['destination', 'currency'], include=('amount',), name='delivery_dead_worth'),
        ),
    ]

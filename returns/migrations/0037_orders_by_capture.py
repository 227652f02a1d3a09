from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Orders by when they were captured: they come in that order, so that ranges of blocks tell enough."""

    atomic = False
    dependencies = [("returns", "0036_indexes_of_lists")]
    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=BrinIndex(autosummarize=True, fields=["captured_at"], name="order_captured", pages_per_range=32),
        ),
    ]

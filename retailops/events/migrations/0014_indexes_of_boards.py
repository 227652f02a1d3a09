from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which tries found their change made already, and which deliveries ended when (a block range index: no write of its own)."""

    atomic = False
    dependencies = [("events", "0013_worth_of_the_dead")]
    operations = [
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("code__in", ["found", "already_done", "charge_already_refunded"])),
                fields=["delivery"],
                name="attempt_found_done",
            ),
        ),
        AddIndexConcurrently(
            model_name="delivery",
            index=BrinIndex(autosummarize=True, fields=["finished_at"], name="delivery_finished", pages_per_range=32),
        ),
    ]

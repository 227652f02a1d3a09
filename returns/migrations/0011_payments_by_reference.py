"""A gateway names the payment of a dispute by its own ids."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Payments are found by the ids that their gateway has for them."""

    atomic = False
    dependencies = [("returns", "0010_guards_of_refunds")]
    operations = [
        AddIndexConcurrently(
            "payment", GinIndex(fields=["references"], name="payment_references", opclasses=["jsonb_path_ops"])
        )
    ]

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """How long orders took to be captured, by region and time, without the table."""

    atomic = False
    dependencies = [("returns", "0038_rounding_of_refunds")]
    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["region", "captured_at"], include=("placed_at", "channel", "brand"), name="orders_captured_narrow"
            ),
        ),
    ]

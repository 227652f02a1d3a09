from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What waits, by return, for the money of clocks; built while the table is in use."""

    atomic = False
    dependencies = [("workbench", "0004_money_of_clocks")]
    operations = [
        AddIndexConcurrently(
            model_name="returntimes",
            index=models.Index(
                condition=models.Q(("waiting__gt", 0)),
                fields=["id"],
                include=("currency", "waiting"),
                name="times_owed",
            ),
        ),
    ]

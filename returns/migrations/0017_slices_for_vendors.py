from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index of goods that wait for their supplier, built while the table is in use."""

    atomic = False
    dependencies = [("returns", "0016_claim_guards")]
    operations = [
        AddIndexConcurrently(
            model_name="dispositionslice",
            index=models.Index(condition=models.Q(('disposition', 'return_to_vendor'), ('status', 'posted')), fields=['id'], name='slice_for_vendor'),
        )
    ]

import retailops.events.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """The database makes the ids of attempts."""

    dependencies = [
        ('events', '0006_delivery_without_lease'),
    ]

    operations = [
        migrations.AlterField(
            model_name='attempt',
            name='id',
            field=models.UUIDField(db_default=retailops.events.models.NextAttemptId(), editable=False, primary_key=True, serialize=False),
        ),
    ]

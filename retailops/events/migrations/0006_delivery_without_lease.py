import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A delivery knows no lease any more, and its keys are compared byte by byte."""

    dependencies = [("events", "0005_lease_rows")]
    operations = [
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_place_in_lane',
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='lane_has_one_in_flight',
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_status_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='leased_delivery_has_expiry',
        ),
        migrations.RemoveField(model_name='delivery', name='lease_expires_at'),
        migrations.RemoveField(model_name='delivery', name='lease_owner'),
        migrations.AlterField(
            model_name='attempt',
            name='delivery',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='events.delivery'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='effect_key',
            field=models.CharField(db_collation='C', max_length=120),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='lane_key',
            field=models.CharField(db_collation='C', max_length=80),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='status',
            field=models.CharField(choices=[('ready', 'Ready'), ('in_doubt', 'In Doubt'), ('dead', 'Dead'), ('delivered', 'Delivered'), ('discarded', 'Discarded'), ('superseded', 'Superseded')], default='ready', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('ready', 'in_doubt', 'dead'))), fields=('destination', 'lane_key', 'lane_seq'), name='delivery_place_in_lane'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['ready', 'in_doubt', 'dead', 'delivered', 'discarded', 'superseded'])), name='delivery_status_is_known'),
        ),
    ]

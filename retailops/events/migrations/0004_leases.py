import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What is under way holds its lane in a narrow table of its own."""

    dependencies = [("events", "0003_append_only")]
    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('pk', models.CompositePrimaryKey('destination', 'lane_key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('destination', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='events.destination')),
                ('lane_key', models.CharField(db_collation='C', max_length=80)),
                ('delivery', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='leases', to='events.delivery')),
                ('fence', models.BigIntegerField()),
                ('owner', models.CharField(max_length=80)),
                ('expires_at', models.DateTimeField(null=True)),
                ('sending_since', models.DateTimeField(null=True)),
            ],
        ),
        # It fills and empties all the time: vacuum comes by often. The delivery is written once an attempt, not thrice.
        migrations.RunSQL(
            "ALTER TABLE events_lease SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000); "
            "ALTER TABLE events_delivery RESET (fillfactor)",
            "ALTER TABLE events_lease RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold); "
            "ALTER TABLE events_delivery SET (fillfactor = 70)",
        ),
    ]

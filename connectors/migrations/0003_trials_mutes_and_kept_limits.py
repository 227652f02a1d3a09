import django.db.models.deletion
from django.db import migrations, models

import retailops.lib.clock
import retailops.lib.ids


class Migration(migrations.Migration):
    """Trials of mappings, mutes of alerts, and the sending limits that a kept version tells."""

    dependencies = [
        ("connectors", "0002_routing_stamp"),
    ]

    operations = [
        migrations.AddField(
            model_name="connectionversion",
            name="limits",
            field=models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.CreateModel(
            name="MappingTrial",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=retailops.lib.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mapping", models.JSONField(blank=True, default=dict)),
                ("mapping_hash", models.CharField(max_length=64)),
                ("config_version", models.PositiveIntegerField()),
                ("mapping_version", models.PositiveIntegerField()),
                ("counts", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=list)),
                ("tried_by", models.CharField(max_length=120)),
                ("tried_at", models.DateTimeField(default=retailops.lib.clock.now)),
                ("activated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="trials", to="connectors.connection"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("muted_by", models.CharField(max_length=120)),
                ("muted_at", models.DateTimeField(default=retailops.lib.clock.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=120)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mutes", to="connectors.connection"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("connection",), name="one_mute_at_a_time"
                    )
                ],
            },
        ),
    ]

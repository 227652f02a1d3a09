import django.db.models.deletion
from django.db import migrations, models

CREATE = """
CREATE VIEW workbench_clockmoney AS
SELECT c.id, c.policy_id, c.name, c.subject_type, c.subject_id, c.correlation_id, c.region, c.brand,
       c.channel, c.connection, c.state, c.started_at, c.due_at, c.ended_at, c.breached_at,
       coalesce(t.waiting, f.amount) AS at_stake, coalesce(t.currency, f.currency) AS told_in
  FROM sla_slaclock c
  LEFT JOIN workbench_returntimes t ON t.id = c.subject_id AND t.waiting > 0
  LEFT JOIN returns_refund f ON f.id = CASE WHEN c.subject_type = 'refund' THEN c.subject_id END
"""


class Migration(migrations.Migration):
    """Clocks with the money that waits for them."""

    dependencies = [
        ("workbench", "0003_lengths_of_what_there_is"),
        ("sla", "0004_alerts"),
        ("returns", "0002_tables"),
    ]
    operations = [
        migrations.RunSQL(CREATE, "DROP VIEW workbench_clockmoney"),
        migrations.CreateModel(
            name="ClockMoney",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("policy", models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="sla.slapolicy")),
                ("name", models.CharField(max_length=60)),
                ("subject_type", models.CharField(max_length=40)),
                ("subject_id", models.UUIDField()),
                ("correlation_id", models.UUIDField()),
                ("region", models.CharField(max_length=32)),
                ("brand", models.CharField(max_length=64)),
                ("channel", models.CharField(max_length=64)),
                ("connection", models.CharField(max_length=100)),
                ("state", models.CharField(max_length=8)),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("breached_at", models.DateTimeField(null=True)),
                ("at_stake", models.BigIntegerField(null=True)),
                ("told_in", models.CharField(max_length=3, null=True)),
            ],
            options={"db_table": "workbench_clockmoney", "managed": False},
        ),
    ]

"""A clock from request to decision runs only where a decision is asked for.

A parcel that nobody announced, or that a carrier brings back, is told as `return.requested` and is never decided on: its
clock ran until it was a breach. The versions are corrected in place, since running clocks keep theirs, and so that a
rebuild reads the past as it should have been. `manage.py rebuild_sla` takes away the clocks that should not be.
"""

from django.db import migrations

ASKED_FOR = ["mail_in", "drop_off", "marketplace", "boris", "store", "returnless", "exchange", "warranty"]


def correct(apps, schema_editor):
    policy = apps.get_model("sla", "SlaPolicy")
    schema_editor.execute("ALTER TABLE sla_slapolicy DISABLE TRIGGER sla_policy_guard")
    for each in policy.objects.filter(name="decision"):
        starts = [_asked_for(move) for move in each.starts]
        if starts != each.starts:
            policy.objects.filter(pk=each.pk).update(starts=starts)
    schema_editor.execute("ALTER TABLE sla_slapolicy ENABLE TRIGGER sla_policy_guard")


def _asked_for(move):
    where = move.get("where", {})
    if move["type"] != "return.requested" or "kind" in where:
        return move
    return {**move, "where": {**where, "kind": ASKED_FOR}}


class Migration(migrations.Migration):
    """Promises of a decision leave out what nobody asked for."""

    dependencies = [("sla", "0007_looks_at_deliveries")]
    operations = [migrations.RunPython(correct, migrations.RunPython.noop)]

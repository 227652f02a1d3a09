from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Running clocks by when they are due, without those that are late: late ones lie before all that is asked for."""

    atomic = False
    dependencies = [("sla", "0008_decisions_of_what_was_asked_for")]
    operations = [
        AddIndexConcurrently(
            model_name="slaclock",
            index=models.Index(condition=models.Q(("breached_at", None), ("state", "running")), fields=["due_at"], name="sla_clock_ticking"),
        ),
        RemoveIndexConcurrently(model_name="slaclock", name="sla_clock_due"),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    """Those of the times written so far. Only the sweeper writes times: while this runs it waits, and nobody else."""

    dependencies = [("workbench", "0008_lengths_of_posting_and_placing")]
    operations = [
        migrations.RunSQL("SELECT workbench_lengths_by_posted_at()", migrations.RunSQL.noop),
        migrations.RunSQL("SELECT workbench_lengths_by_placed_at()", migrations.RunSQL.noop),
    ]

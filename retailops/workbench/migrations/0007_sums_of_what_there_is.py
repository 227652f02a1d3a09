from django.db import migrations


class Migration(migrations.Migration):
    """Sum up the hours so far. Only the sweeper writes times: while this runs it waits, and nobody else."""

    dependencies = [("workbench", "0006_sums_of_hours")]
    operations = [migrations.RunSQL("SELECT workbench_sums_anew()", migrations.RunSQL.noop)]

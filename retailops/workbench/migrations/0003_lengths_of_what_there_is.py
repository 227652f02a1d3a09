from django.db import migrations


class Migration(migrations.Migration):
    """The lengths of the times that were written before triggers kept them."""

    dependencies = [("workbench", "0002_lengths")]
    operations = [migrations.RunSQL("SELECT workbench_lengths_anew()", migrations.RunSQL.noop)]

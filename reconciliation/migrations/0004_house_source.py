from django.db import migrations

HOUSE = "01970000-0000-7000-8000-000000000033"


def write(apps, schema_editor):
    apps.get_model("reconciliation", "Source").objects.get_or_create(id=HOUSE, defaults={"provider": "retailops"})


class Migration(migrations.Migration):
    """This house is the source of what it expects."""

    dependencies = [("reconciliation", "0003_settlement_guards")]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]

"""Seed the pairs that transfers need: with those of 0003 and 0007, a frozen copy of `inventory.transitions.LEGAL`."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

SENT = "quarantine sellable damaged refurbish repair return_to_vendor liquidate recycle donate scrap return_to_customer"


def seed(apps, schema_editor):
    transition = apps.get_model("inventory", "LegalTransition")
    pairs = [pair for each in SENT.split() for pair in ((each, "in_transit"), ("in_transit", each))]
    transition.objects.bulk_create(
        [transition(key=f"{source}>{target}", source=source, target=target) for source, target in pairs],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """Stock goes between places; that it goes by transfers alone holds of all moves."""

    dependencies = [("inventory", "0012_in_transit_by_transfer")]
    operations = [
        ValidateConstraint(model_name="stockmove", name="in_transit_by_transfer"),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]

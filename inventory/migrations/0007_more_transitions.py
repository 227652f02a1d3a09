"""Seed the pairs that work by hand and counting need: with those of 0003, a frozen copy of `inventory.transitions.LEGAL`."""

from django.db import migrations

ADDED = {
    "sellable": "return_to_vendor liquidate donate scrap",
    "damaged": "quarantine",
    "refurbish": "quarantine repair recycle donate missing",
    "repair": "quarantine refurbish return_to_vendor recycle donate missing",
    "return_to_vendor": "damaged liquidate scrap missing",
    "liquidate": "recycle donate scrap missing",
    "recycle": "scrap missing",
    "donate": "recycle scrap missing",
    "scrap": "missing",
    "return_to_customer": "missing adjustment",
    "missing": "damaged missing",
    "adjustment": "refurbish repair return_to_vendor liquidate recycle donate scrap return_to_customer",
}


def seed(apps, schema_editor):
    transition = apps.get_model("inventory", "LegalTransition")
    transition.objects.bulk_create(
        [
            transition(key=f"{source}>{target}", source=source, target=target)
            for source, targets in ADDED.items()
            for target in targets.split()
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """More pairs of dispositions between which stock may move."""

    dependencies = [("inventory", "0006_stock_guards")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

"""Seed the legal pairs: a frozen copy of `inventory.transitions.LEGAL`."""

from django.db import migrations

LEGAL = {
    "external": "in_transit received pending_inspection quarantine sellable adjustment",
    "in_transit": "external received pending_inspection quarantine missing",
    "received": "external received pending_inspection quarantine missing",
    "pending_inspection": "external pending_inspection quarantine sellable damaged refurbish repair return_to_vendor liquidate recycle donate scrap return_to_customer missing",
    "quarantine": "external pending_inspection quarantine sellable damaged refurbish repair return_to_vendor liquidate recycle donate scrap return_to_customer missing adjustment",
    "sellable": "external pending_inspection sellable quarantine damaged missing adjustment",
    "damaged": "external pending_inspection damaged refurbish repair return_to_vendor liquidate recycle donate scrap return_to_customer missing adjustment",
    "refurbish": "pending_inspection refurbish sellable damaged liquidate scrap adjustment",
    "repair": "pending_inspection repair sellable damaged return_to_customer liquidate scrap adjustment",
    "return_to_vendor": "external pending_inspection return_to_vendor quarantine adjustment",
    "liquidate": "external pending_inspection liquidate quarantine adjustment",
    "recycle": "external pending_inspection recycle adjustment",
    "donate": "external pending_inspection donate adjustment",
    "scrap": "external pending_inspection scrap adjustment",
    "return_to_customer": "external pending_inspection return_to_customer quarantine",
    "missing": "external pending_inspection quarantine sellable adjustment",
    "adjustment": "external sellable quarantine damaged missing",
}


def seed(apps, schema_editor):
    transition = apps.get_model("inventory", "LegalTransition")
    transition.objects.bulk_create(
        [
            transition(key=f"{source}>{target}", source=source, target=target)
            for source, targets in LEGAL.items()
            for target in targets.split()
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """Pairs of dispositions between which stock may move."""

    dependencies = [("inventory", "0002_append_only")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

"""Give past moves of skus with lots their steps, in their order: named lots first, else what expires first."""

from collections import defaultdict

from django.db import migrations

ENDS = ("external", "adjustment")


def follow(apps, schema_editor):
    move_model, lot_model = apps.get_model("inventory", "StockMove"), apps.get_model("inventory", "Lot")
    for sku in lot_model.objects.order_by("sku").values_list("sku", flat=True).distinct():
        lots = sorted(lot_model.objects.filter(sku=sku), key=lambda lot: (lot.expires_on is None, str(lot.expires_on), lot.id))
        _replay(apps, move_model.objects.filter(sku=sku).order_by("at", "id"), lots)


def _replay(apps, moves, lots):
    step_model = apps.get_model("inventory", "LotStep")
    units, held = defaultdict(int), defaultdict(int)
    for move in moves.iterator(chunk_size=1000):
        source, target = (move.source_location_id, move.source), (move.target_location_id, move.target)
        units[source] -= move.quantity
        units[target] += move.quantity
        named = move.lot_id and (move.source in ENDS or held[(move.lot_id, *source)] >= move.quantity)
        if named:
            taken = [(move.lot_id, move.quantity, False)]
        else:
            standing = [(lot.id, held[(lot.id, *source)]) for lot in lots if held[(lot.id, *source)] > 0]
            taken = [] if move.source in ENDS else _must_have_gone(standing, units[source], move.quantity)
        for lot, count, presumed in taken:
            held[(lot, *source)] -= count
            held[(lot, *target)] += count
            step_model.objects.create(lot_id=lot, move_id=move.id, quantity=count, presumed=presumed)


def _must_have_gone(standing, left, quantity):
    going = min(quantity, max(0, sum(count for _, count in standing) - left))
    taken = []
    for lot, count in standing:
        part = min(count, going)
        going -= part
        if part:
            taken.append((lot, part, len(standing) > 1))
    return taken


class Migration(migrations.Migration):
    """Lots of past moves."""

    dependencies = [("inventory", "0009_lot_guards")]
    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]

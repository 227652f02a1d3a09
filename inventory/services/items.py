"""What skus are: serials, lots and value; one at a time or a whole file."""

from collections.abc import Sequence

from django.db import transaction

from inventory.inputs import ItemIn
from inventory.models import Item, ItemValue
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import Invalid


@transaction.atomic
def put_items(*, actor: Actor, items: Sequence[ItemIn]) -> list[Item]:
    """Make or replace items by sku; their values replace those that are there. An item is of every region.

    Raises Invalid when a sku comes twice, Denied.
    """
    require(actor, Permission.INVENTORY_MANAGE)
    if len({item.sku for item in items}) < len(items):
        raise Invalid("A sku is given twice.")
    rows = [_row(item) for item in sorted(items, key=lambda each: each.sku)]
    Item.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sku"],
        update_fields=["title", "serialized", "lot_tracked", "updated_at"],
    )
    kept = {row.sku: row for row in Item.objects.select_for_update().filter(sku__in=[row.sku for row in rows])}
    ItemValue.objects.filter(item__in=kept.values()).delete()
    ItemValue.objects.bulk_create(
        [
            ItemValue(item=kept[item.sku], currency=value.currency, unit_value=value.amount)
            for item in items
            for value in item.values
        ]
    )
    return [kept[item.sku] for item in items]


def _row(item: ItemIn) -> Item:
    return Item(
        sku=item.sku, title=item.title, serialized=item.serialized, lot_tracked=item.lot_tracked, updated_at=now()
    )

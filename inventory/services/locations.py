"""Places where goods are."""

from django.db import transaction

from inventory.models import Location
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission


@transaction.atomic
def ensure_location(
    *, actor: Actor, code: str, name: str = "", kind: str = "warehouse", region: str = "", sellable: bool = True
) -> Location:
    """Return the location of that code, made if there was none; an existing one is left as it is."""
    require(actor, Permission.INVENTORY_WRITE, region=region or None)
    location, _ = Location.objects.get_or_create(
        code=code, defaults={"name": name or code, "kind": kind, "region": region, "sellable": sellable}
    )
    return location

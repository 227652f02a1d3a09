"""Where returns and what hangs on them stand, by the keys of their API addresses."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from retailops.accounts.places import register_place
from retailops.lib.ids import parse_uuid
from returns.models import Exchange, Order, Refund, Return, SupplierClaim


def register() -> None:
    """Register how each kind is found."""
    register_place("orders", _by(Order.objects.all()))
    register_place("returns", _by(Return.objects.all(), number=True))
    register_place("claims", _by(SupplierClaim.objects.all(), number=True))
    register_place("refunds", _by(Refund.objects.all(), "rma__region", "rma__brand"))
    register_place("exchanges", _by(Exchange.objects.all(), "rma__region", "rma__brand"))


def _by(
    rows: "QuerySet[Any]", region: str = "region", brand: str = "brand", *, number: bool = False
) -> Callable[[str], tuple[str, str] | None]:
    def find(key: str) -> tuple[str, str] | None:
        id = parse_uuid(key)
        if id is None and not number:
            return None
        named = rows.filter(pk=id) if id else rows.filter(number=key)
        return named.values_list(region, brand).first()

    return find

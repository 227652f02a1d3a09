"""An order that was bought in the shop, whose customer asks for a return there: its story runs through all systems."""

from connectors import sandbox_control
from connectors.demo.orders import Sold
from connectors.simulation.assortment import SHOP
from connectors.simulation.trading import as_shop_order, seed_payments_of

TRY_SHOP = Sold("TRY-SHOP", {"LMP-0412": 1, "CSH-0308": 2}, "Mara Lindqvist", "mara@example.com", channel=SHOP)
# What the shop calls it; its own numbers begin far from here.
ID = "2026"
WANTED = {"sku": "LMP-0412", "quantity": 1}


def ensure_shop_order() -> bool:
    """Have the order made and its return asked for in the shop, which tells us; False where it knew both already.

    Raises SandboxAway.
    """
    books = sandbox_control.books("shopify")
    bought = any(order["id"] == ID for order in books["orders"])
    asked = any(request["order"] == ID for request in books["returns"])
    if not bought:
        _buy()
    if not asked:
        sandbox_control.ask_shop_return({"order": ID, "lines": [WANTED]})
    return not (bought and asked)


def _buy() -> None:
    order = TRY_SHOP.as_order()
    seed_payments_of([order])
    first_name, last_name = TRY_SHOP.customer.split()
    buyer = {"id": ID, "email": TRY_SHOP.email, "first_name": first_name, "last_name": last_name}
    sandbox_control.seed_shop_order(as_shop_order(order) | buyer)

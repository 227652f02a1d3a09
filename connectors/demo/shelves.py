"""Where the demo's goods stand, what they are worth, and whom they were bought from."""

from uuid import NAMESPACE_URL, uuid5

from connectors import sandbox_control
from connectors.demo.connections import DEMO
from connectors.simulation.assortment import PRODUCTS, Product
from inventory.enums import Disposition
from inventory.inputs import ItemIn, StateMapIn, ValueIn
from inventory.models import Item, StateMap, StockMove
from inventory.services import MoveIn, ensure_location, move_stock, put_items, put_state_map
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.models import Supplier
from returns.services.suppliers import put_supplier, put_supplier_skus

WAREHOUSE, STORE = "DC-1", "STORE-LDN"
UNITS = {WAREHOUSE: 12, STORE: 4}
# Sold by serial number; the simulation does not trade it, because its parcels name no numbers.
CAMERA = Product("CAM-7701", "Mirrorless camera", "electronics", 64_900)
SERIALS = tuple(f"CAM7701-{number:04}" for number in range(1, 4))
CURRENCY = "GBP"
# What a unit costs us, in percent of its price.
COST_PERCENT = 45
SUPPLIERS = {
    "northlight": (
        "Northlight Goods Ltd",
        ("lighting", "electronics", "decoration"),
        {"restocking_basis_points": 1_000, "claim_window_days": 365, "approval_above": {CURRENCY: 20_000}},
    ),
    "hearth-hand": (
        "Hearth & Hand Makers",
        ("furniture", "textiles", "kitchen", "travel"),
        {"takes_back": False, "claim_window_days": 180, "credit_days": 45, "approval_above": {CURRENCY: 50_000}},
    ),
}


def ensure_shelves() -> None:
    """Make places, items, stock, suppliers and the warehouse's words for states, where they are missing.

    Raises SandboxAway.
    """
    ensure_location(actor=DEMO, code=WAREHOUSE, name="Distribution center 1", region="uk", currency=CURRENCY)
    ensure_location(actor=DEMO, code=STORE, name="London store", kind="store", region="uk", currency=CURRENCY)
    if not Item.objects.filter(sku=CAMERA.sku).exists():
        put_items(actor=DEMO, items=[_item(product) for product in (*PRODUCTS, CAMERA)])
    if not StateMap.objects.filter(source="wms").exists():
        states = {"ON_HAND": Disposition.SELLABLE, "BLOCKED": Disposition.QUARANTINE, "DAMAGED": Disposition.DAMAGED}
        put_state_map(actor=DEMO, source="wms", told=StateMapIn(states=states))
    _fill()
    for code, (name, categories, terms) in SUPPLIERS.items():
        if not Supplier.objects.filter(code=code).exists():
            put_supplier(actor=DEMO, code=code, supplier=SupplierIn(name=name, **terms))
            put_supplier_skus(actor=DEMO, code=code, skus=_costs(categories))


def cost_of(product: Product) -> int:
    """Return what a unit costs us, in minor units."""
    return product.price * COST_PERCENT // 100


def _item(product: Product) -> ItemIn:
    value = ValueIn(currency=CURRENCY, amount=cost_of(product))
    return ItemIn(sku=product.sku, title=product.title, serialized=product == CAMERA, values=[value])


def _costs(categories: tuple[str, ...]) -> list[SupplierSkuIn]:
    return [
        SupplierSkuIn(sku=product.sku, unit_cost=cost_of(product), currency=CURRENCY)
        for product in (*PRODUCTS, CAMERA)
        if product.category in categories
    ]


def _fill() -> None:
    """Deliver the first stock, here and at the sandbox's warehouse."""
    moves = [_delivered(product.sku, place, units) for place, units in UNITS.items() for product in PRODUCTS]
    moves.append(_delivered(CAMERA.sku, WAREHOUSE, len(SERIALS), SERIALS))
    known = set(StockMove.objects.filter(effect_key__startswith="demo:delivery:").values_list("effect_key", flat=True))
    missing = [move for move in moves if move.effect_key not in known]
    for move in missing:
        sandbox_control.stock_up(move.sku, move.location, move.quantity)
    if missing:
        move_stock(actor=DEMO, moves=missing)


def _delivered(sku: str, place: str, units: int, serials: tuple[str, ...] = ()) -> MoveIn:
    subject = uuid5(NAMESPACE_URL, f"demo:delivery:{place}")
    return MoveIn(
        f"demo:delivery:{place}:{sku}", sku, units, Disposition.EXTERNAL, Disposition.SELLABLE, place,
        "adjustment", subject, subject, reason="first delivery", region="uk", serials=serials,
    )  # fmt: skip

"""Situations that stand in the demo, each on an order of its own: told, asked for and decided as in earnest.

Each is made once, whole or not at all: its order is the sign that it is there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from connectors import sandbox_control
from connectors.demo import goods, money
from connectors.demo.connections import DEMO
from connectors.demo.orders import TO_TRY, Sold
from connectors.demo.shelves import CAMERA, STORE, WAREHOUSE
from connectors.simulation.generating import BRAND, GATEWAY
from inventory.inputs import SnapshotIn, SnapshotRowIn
from inventory.models import Snapshot
from inventory.services import take_snapshot
from retailops.lib.clock import now
from returns.inputs.store import StoreBatchIn
from returns.models import Order
from returns.services.orders import capture_order
from returns.services.store_batches import receive_store_batch

# Parcels of these are sent by whoever tries the demo.
BY_HAND = ("TRY-", "DEMO-")
SNAPSHOT = "demo-monday"


@dataclass(frozen=True)
class Scene:
    """A situation: its order, what is done to it, and what happens outside once that is committed."""

    sold: Sold
    act: Callable[[Order], object]
    afterwards: Callable[[Sold], object] | None = None


def _nothing(_order: Order) -> None:
    """The order is all there is."""


def scenes() -> list[Scene]:
    """Return all of them, in the order in which they are made."""
    return [
        *(Scene(sold, _nothing) for sold in TO_TRY),
        Scene(Sold("DEMO-TWIN-1", {"VAS-0216": 1}, "Nora Whitfield", "n.whitfield@example.com"), _nothing),
        Scene(
            Sold("DEMO-TWIN-2", {"CND-0105": 2}, "Nora Whitfield", "n.whitfield@example.com", channel="store-london"),
            _nothing,
        ),
        Scene(Sold("DEMO-DRIFT", {"CLK-0077": 1}, "Piet de Wit"), _told_otherwise),
        Scene(Sold("DEMO-TILL", {"PAN-0614": 1, "MUG-0031": 2}, "Ruth Adeyemi"), _till_was_offline),
        Scene(Sold("DEMO-GIFT", {"TWL-0820": 1}, "Yuki Sato"), money.gift_card),
        Scene(Sold("DEMO-DISPUTE", {"HDP-4410": 1}, "Carl Voss"), money.on_its_way, _bank_takes_it_back),
        Scene(Sold("DEMO-OVERRIDE", {"RUG-2207": 1}, "Grace Obi"), money.above_policy),
        Scene(Sold("DEMO-CLAIM", {"SPK-4402": 2}, "Anders Berg"), goods.claim_on_supplier),
        Scene(Sold("DEMO-FRAUD", {"SPK-4402": 12}, "Jay Quick"), goods.large_return),
        Scene(Sold("DEMO-WARRANTY", {CAMERA.sku: 1}, "Lucia Ferro", days_ago=240), goods.broken_camera),
        Scene(Sold("DEMO-EXCHANGE", {"CSH-0308": 1}, "Omar Haddad"), goods.dearer_exchange),
    ]


def ensure_scenes(wanted: Iterable[Scene] | None = None) -> int:
    """Make the situations that are missing; return how many. Raises SandboxAway."""
    present = set(Order.objects.filter(external_id__startswith="demo-").values_list("external_id", flat=True))
    missing = [scene for scene in wanted or scenes() if scene.sold.external_id not in present]
    sandbox_control.seed_payments(
        [
            {"id": scene.sold.intent, "amount": scene.sold.total, "currency": "gbp"}
            for scene in missing
            if scene.sold.gateway == GATEWAY
        ]
    )
    for scene in missing:
        with transaction.atomic():
            scene.act(capture_order(actor=DEMO, order=scene.sold.as_order()).order)
        if scene.afterwards:
            scene.afterwards(scene.sold)
    return len(missing)


def ensure_snapshot() -> None:
    """Have the warehouse count two skus: one as booked, of the other none is there. A sweep compares it."""
    if Snapshot.objects.filter(source="wms", reference=SNAPSHOT).exists():
        return
    counted = [
        SnapshotRowIn(sku="PAN-0614", state="ON_HAND", quantity=12),
        SnapshotRowIn(sku="TBL-1901", state="ON_HAND", quantity=0),
    ]
    told = SnapshotIn(
        source="wms", reference=SNAPSHOT, location=WAREHOUSE, as_of=now(), complete=False, rows=counted
    )  # fmt: skip
    take_snapshot(actor=DEMO, snapshot=told)


def _told_otherwise(order: Order) -> None:
    """The ERP says that shipping was free."""
    sold = next(scene.sold for scene in scenes() if scene.sold.external_id == order.external_id)
    told = sold.as_order(source="netsuite", shipping_charged=0, placed_at=order.placed_at, customer=None, payments=[])
    capture_order(actor=DEMO, order=told)


def _till_was_offline(order: Order) -> None:
    """A till hands in what it did: one return that fits, and one of an order that nobody knows."""
    at = (now() - timedelta(hours=3)).isoformat()
    items = [
        _at_till(at, "101", order.number, "PAN-0614", 8_990),
        _at_till(at, "102", "ORDER-NOBODY-KNOWS", "CLK-0077", 4_490),
    ]
    batch = StoreBatchIn(
        store=STORE, reference="till-2-offline", region="uk", brand=BRAND, currency="GBP", items=items
    )  # fmt: skip
    receive_store_batch(actor=DEMO, batch=batch)


def _at_till(at: str, number: str, order: str, sku: str, amount: int) -> dict[str, object]:
    return {
        "id": f"till-2-{number}",
        "kind": "boris",
        "happened_at": at,
        "order_number": order,
        "reason": "changed_mind",
        "lines": [{"sku": sku, "quantity": 1, "reason": "changed_mind"}],
        "refunds": [{"reference": f"cash-{number}", "amount": amount, "paid_at": at}],
    }


def _bank_takes_it_back(sold: Sold) -> None:
    sandbox_control.open_dispute({"payment_intent": sold.intent, "reason": "product_not_received"})

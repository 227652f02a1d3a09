"""Orders that the demo's situations stand on, and orders to begin each kind of return with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.demo.shelves import CAMERA
from connectors.simulation.assortment import PRODUCTS, Product
from connectors.simulation.generating import BRAND, GATEWAY
from retailops.lib.clock import now
from returns.inputs import CustomerIn, OrderIn, OrderLineIn, PaymentIn, ShipmentIn, TaxIn

# Of no connection: what is told of it stays between us, the gateway, the warehouse and the ERP.
CHANNEL = "web-uk"
VAT = 20
SHIPPING = 495
# The number of the camera that a customer bought; none of those that stand on the shelf.
SOLD_CAMERA = "CAM7701-0099"
BY_SKU: dict[str, Product] = {product.sku: product for product in (*PRODUCTS, CAMERA)}


@dataclass(frozen=True)
class Sold:
    """An order to be made: what it is called, the units by sku, and what differs from an order of the web shop."""

    number: str
    units: dict[str, int]
    customer: str
    email: str = ""
    channel: str = CHANNEL
    gateway: str = GATEWAY
    days_ago: int = 6
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def external_id(self) -> str:
        """What its channel calls it."""
        return f"demo-{self.number.lower()}"

    @property
    def intent(self) -> str:
        """What the gateway calls its payment."""
        return f"pi_{self.external_id.replace('-', '_')}"

    @property
    def total(self) -> int:
        """What was paid, in minor units."""
        return sum(BY_SKU[sku].price * units for sku, units in self.units.items()) + self.shipping

    @property
    def shipping(self) -> int:
        """What was charged for shipping, in minor units."""
        return 0 if self.channel.startswith("store-") else SHIPPING

    def as_order(self, **changes: Any) -> OrderIn:
        """Return it as its channel tells it."""
        shipped = now() - timedelta(days=self.days_ago)
        fields: dict[str, Any] = {
            "channel": self.channel,
            "external_id": self.external_id,
            "number": self.number,
            "region": "uk",
            "brand": BRAND,
            "store": "London W1" if not self.shipping else "",
            "legal_entity": "HALDEN-UK",
            "country": "United Kingdom",
            "currency": "GBP",
            "placed_at": shipped - timedelta(days=1),
            "shipping_charged": self.shipping,
            "customer": self._customer(),
            "lines": [_line(sku, units, shipped) for sku, units in self.units.items()],
            "payments": [self._payment(shipped)],
            "shipments": [ShipmentIn(tracking=f"OUT-{self.number}", carrier="DHL", shipped_at=shipped)],
        }
        return OrderIn(**(fields | self.more | changes))

    def _customer(self) -> CustomerIn:
        key = f"{self.channel}-{self.customer.lower().replace(' ', '-')}"
        return CustomerIn(system=self.channel, external_id=key, name=self.customer, email=self.email)

    def _payment(self, at: datetime) -> PaymentIn:
        references = {"payment_intent": self.intent} if self.gateway == GATEWAY else {}
        return PaymentIn(
            external_id=self.intent, gateway=self.gateway, captured=self.total, references=references, captured_at=at
        )


def _line(sku: str, units: int, shipped: datetime) -> OrderLineIn:
    product = BY_SKU[sku]
    tax = product.price * units * VAT // (100 + VAT)
    return OrderLineIn(
        external_id=sku,
        sku=sku,
        title=product.title,
        category=product.category,
        quantity=units,
        unit_price=product.price,
        taxes=[TaxIn(code=f"VAT{VAT}", amount=tax, included=True)],
        shipped_quantity=units,
        shipped_at=shipped,
        serials=[SOLD_CAMERA] if sku == CAMERA.sku else [],
    )


# One order for each kind of return, untouched: search for the number and begin.
TO_TRY = (
    Sold("TRY-MAIL-IN", {"LMP-0412": 2, "CSH-0308": 1}, "Amara Bell", "amara@example.com"),
    Sold("TRY-DROP-OFF", {"BAG-0719": 1, "TWL-0820": 2}, "Jonas Lind", "jonas@example.com"),
    Sold("TRY-STORE-ONLINE", {"CLK-0077": 1, "VAS-0216": 2}, "Priya Nair", "priya@example.com"),
    Sold("TRY-STORE", {"KNF-0590": 1, "PAN-0614": 1}, "Tom Ashby", "tom@example.com", channel="store-london"),
    Sold(
        "TRY-MARKETPLACE", {"SPK-4402": 1}, "Elena Ruiz", "elena@example.com", channel="marketplace-uk",
        gateway="marketplace",
    ),
    Sold("TRY-BLIND", {"CSH-0308": 2, "RUG-2207": 1}, "Hugo Perrin", "hugo@example.com"),
    Sold("TRY-RETURNLESS", {"MUG-0031": 2, "TBL-1901": 1}, "Sofia Costa", "sofia@example.com"),
    Sold("TRY-EXCHANGE", {"CHR-1180": 2}, "Ben Okoro", "ben@example.com"),
    Sold("TRY-WARRANTY", {"HDP-4410": 1}, "Mei Tan", "mei@example.com", days_ago=200),
    Sold("TRY-SENDER", {"BDG-1502": 1}, "Lars Holm", "lars@example.com", days_ago=4),
    Sold("TRY-CREDIT", {"RUG-2207": 1, "CND-0105": 2}, "Ida Moreau", "ida@example.com"),
)  # fmt: skip

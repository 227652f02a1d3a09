"""Shopify's order payload (REST-era webhook shape) → what the domain captures. Pure.

Amounts are decimal strings and become minor units of the currency paid in. Where a field has a `_set`, its presentment
money is what the customer saw and paid.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.shopify.config import ShopifyConfig, ShopifyMapping
from retailops.lib.money import allocate, minor

Json = dict[str, Any]
CAPTURED = frozenset({"paid", "partially_paid", "partially_refunded", "refunded"})
SHIPPED = frozenset({"success"})
DELIVERED = "delivered"
VERSION_TICKS = 1_000_000
UNNAMED = "variant-"


class Order:
    """One payload, read. Attributes are computed from the payload alone."""

    def __init__(
        self, payload: Json, *, channel: str, system: str, config: ShopifyConfig, mapping: ShopifyMapping
    ) -> None:
        self.payload, self.channel, self.system = payload, channel, system
        self.config, self.mapping = config, mapping
        self.currency: str = payload.get("presentment_currency") or payload["currency"]

    def fields(self) -> Json:
        """Return the fields of an `OrderIn`."""
        order, country = self.payload, self._country()
        return {
            "channel": self.channel,
            "external_id": str(order["id"]),
            "number": order.get("name") or str(order["order_number"]),
            "version": version(order["updated_at"]),
            "region": self.mapping.regions.get(country, self.config.region),
            "brand": self.config.brand,
            "store": str(order.get("location_id") or ""),
            "legal_entity": self.mapping.legal_entities.get(country, self.config.legal_entity),
            "country": country,
            "currency": self.currency,
            "placed_at": moment(order.get("processed_at") or order["created_at"]),
            "shipping_charged": self._shipping(),
            "shipping_tax": sum(self._taxes_of(line) for line in order.get("shipping_lines") or []),
            "discount": self._order_discount(),
            "customer": self._customer(),
            "lines": self._lines(),
            "payments": self._payments(),
            "shipments": self._shipments(),
        }

    def state(self) -> Json:
        """Return the fields of an `OrderTellingIn` that a reading of the order says.

        A line without a sku is left without one: what stands for it is not read.
        """
        return {
            "number": self.payload["name"],
            "currency": self.currency,
            "placed_at": moment(self.payload["processed_at"]),
            "lines": [self._line_state(line) for line in self._lines()],
            "payments": [{name: part[name] for name in ("external_id", "captured")} for part in self._payments()],
        }

    def _line_state(self, line: Json) -> Json:
        net = line["unit_price"] * line["quantity"] - line["discount"]
        kept = {name: line[name] for name in ("external_id", "quantity", "discount", "taxes")}
        return kept | {"net": net} | ({} if line["sku"].startswith(UNNAMED) else {"sku": line["sku"]})

    def amount(self, holder: Mapping[str, Any], name: str) -> int:
        """Return `holder[name]` in minor units, by preference from its presentment money; absent is 0."""
        money = (holder.get(f"{name}_set") or {}).get("presentment_money") or {}
        value = money.get("amount", holder.get(name))
        return minor(Decimal(str(value)), self.currency) if value is not None else 0

    # Lines -----------------------------------------------------------------------------------------------------------

    def _lines(self) -> list[Json]:
        items = self.payload["line_items"]
        taxes = self._line_taxes(items)
        return [self._line(item, tax) for item, tax in zip(items, taxes, strict=True)]

    def _line(self, item: Json, taxes: list[Json]) -> Json:
        shipped, at = self._shipped(item["id"])
        return {
            "external_id": str(item["id"]),
            "sku": sku_of(item),
            "title": (item.get("name") or item.get("title") or "")[:200],
            "category": "gift_card" if item.get("gift_card") else str(item.get("product_type") or ""),
            "quantity": item["quantity"],
            "unit_price": self.amount(item, "price"),
            "discount": self._line_discount(item),
            "taxes": taxes,
            "duty": sum(self.amount(duty, "price") for duty in item.get("duties") or []),
            "shipped_quantity": min(shipped, item["quantity"]),
            "shipped_at": at,
            "delivered_at": self._delivered(item["id"]),
            "final_sale": any(
                entry.get("name") == self.config.final_sale_property for entry in item.get("properties") or []
            ),
        }

    def _line_discount(self, item: Json) -> int:
        """Allocations hold both the line's own discount and its share of the order's; old payloads have none."""
        if item.get("discount_allocations") is None:
            return self.amount(item, "total_discount")
        return sum(self.amount(part, "amount") for part in item["discount_allocations"])

    def _order_discount(self) -> int:
        """What the order's total holds beyond the lines' and shipping's parts: only in payloads without allocations."""
        items = self.payload["line_items"]
        if any(item.get("discount_allocations") is not None for item in items):
            return 0
        given = sum(self._line_discount(item) for item in items) + self._shipping_discount()
        return max(0, self.amount(self.payload, "total_discounts") - given)

    def _line_taxes(self, items: list[Json]) -> list[list[Json]]:
        """Each line's tax lines; a payload with order-level tax only is allocated over the lines by value."""
        if any(item.get("tax_lines") for item in items):
            return [[self._tax(tax) for tax in item.get("tax_lines") or []] for item in items]
        weights = [self.amount(item, "price") * item["quantity"] for item in items]
        shares: list[list[Json]] = [[] for _ in items]
        for tax in map(self._tax, self.payload.get("tax_lines") or []):
            for own, part in zip(shares, allocate(tax["amount"], weights), strict=True):
                own.append(tax | {"amount": part})
        return shares

    def _tax(self, tax: Json) -> Json:
        return {
            "code": str(tax.get("title") or "tax")[:40],
            "amount": self.amount(tax, "price"),
            "included": bool(self.payload.get("taxes_included")),
        }

    def _taxes_of(self, line: Json) -> int:
        return sum(self.amount(tax, "price") for tax in line.get("tax_lines") or [])

    # Shipping --------------------------------------------------------------------------------------------------------

    def _shipping(self) -> int:
        charged = sum(self.amount(line, "price") for line in self.payload.get("shipping_lines") or [])
        return max(0, charged - self._shipping_discount())

    def _shipping_discount(self) -> int:
        lines = self.payload.get("shipping_lines") or []
        return sum(self.amount(part, "amount") for line in lines for part in line.get("discount_allocations") or [])

    def _fulfillments(self) -> Iterable[Json]:
        return [item for item in self.payload.get("fulfillments") or [] if item.get("status") in SHIPPED]

    def _shipped(self, line_id: int) -> tuple[int, datetime | None]:
        """How many units went out, and when the last of them did."""
        parts = [
            (line["quantity"], moment(parcel["created_at"]))
            for parcel in self._fulfillments()
            for line in parcel.get("line_items") or []
            if line["id"] == line_id
        ]
        return sum(quantity for quantity, _ in parts), max((at for _, at in parts), default=None)

    def _delivered(self, line_id: int) -> datetime | None:
        """When the last of the parcels with the line reached the customer; None while one of them is under way."""
        parcels = [
            parcel
            for parcel in self._fulfillments()
            if any(line["id"] == line_id for line in parcel.get("line_items") or [])
        ]
        if not parcels or any(parcel.get("shipment_status") != DELIVERED for parcel in parcels):
            return None
        return max(moment(parcel["updated_at"]) for parcel in parcels)

    def _shipments(self) -> list[Json]:
        """One entry a tracking number, also where several fulfillments went in the same parcel."""
        parcels = {
            tracking: {
                "tracking": tracking,
                "carrier": (parcel.get("tracking_company") or "")[:64],
                "shipped_at": moment(parcel["created_at"]),
            }
            for parcel in self._fulfillments()
            for tracking in parcel.get("tracking_numbers") or []
        }
        return list(parcels.values())

    # Who and how paid ------------------------------------------------------------------------------------------------

    def _country(self) -> str:
        address = self.payload.get("shipping_address") or self.payload.get("billing_address") or {}
        return str(address.get("country_code") or "")

    def _customer(self) -> Json | None:
        person = self.payload.get("customer")
        if not person:
            return None
        name = " ".join(filter(None, [person.get("first_name"), person.get("last_name")]))
        own = person.get("email") or ""
        return {
            "system": self.system,
            "external_id": str(person["id"]),
            "name": name[:150],
            "email": own or self.payload.get("email") or "",
            # Of the customer's own address alone; the shop proves no phone number.
            "email_verified": bool(own and person.get("verified_email")),
            "phone": (person.get("phone") or "")[:40],
            "group": "",
        }

    def _payments(self) -> list[Json]:
        """The captured tender. The gateway's own ids come in note attributes, as the shop's checkout writes them."""
        captured = self.amount(self.payload, "total_price") - self.amount(self.payload, "total_outstanding")
        if self.payload.get("financial_status") not in CAPTURED or captured <= 0:
            return []
        names = self.payload.get("payment_gateway_names") or [self.payload.get("gateway") or ""]
        references = self._references()
        gateway = self.mapping.gateways.get(names[0], self.config.gateway or names[0])
        return [
            {
                "external_id": next(iter(references.values()), f"{self.payload['id']}-{gateway}"),
                "gateway": gateway,
                "tender": "gift_card" if names[0] == "gift_card" else "card",
                "captured": captured,
                "references": references,
            }
        ]

    def _references(self) -> dict[str, str]:
        noted = {entry["name"]: str(entry["value"]) for entry in self.payload.get("note_attributes") or []}
        wanted = self.config.payment_attributes.items()
        return {ours: noted[theirs] for ours, theirs in wanted if noted.get(theirs)}


def version(updated_at: str) -> int:
    """The order's version: its last change in microseconds since the epoch, so that a later one is always greater."""
    return round(moment(updated_at).timestamp() * VERSION_TICKS)


def moment(text: str) -> datetime:
    """Read an RFC 3339 time. Raises ValueError without an offset."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return value


def sku_of(item: Json) -> str:
    """The line's sku; a variant without one is known by its id."""
    return item.get("sku") or f"{UNNAMED}{item.get('variant_id') or item['id']}"

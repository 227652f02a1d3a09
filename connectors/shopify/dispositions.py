"""Where the goods went, told to the shop.

A return that was asked for in the shop has a reverse fulfillment order: its lines are disposed of. That call takes no
repeat key, so it is made an *ensure*: read what was disposed of the line as this type, compare with what we must have
told before and with this message, and dispose only of what is missing. A lane has one message in flight, so that
nobody of ours changes it in between. Other returns are unknown to the shop: only sellable goods concern it, as an
adjustment of what is available, with a repeat key.
"""

from django.db.models import Q

from connectors.failures import VendorFailure, delivered
from connectors.protocol import ConnectionContext, Rendered
from connectors.shopify import mapping
from connectors.shopify.client import ShopifyClient
from connectors.shopify.config import ShopifyMapping
from connectors.shopify.mapping import GID, RESTOCKED, ReverseLine
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.models import Delivery, Event
from retailops.events.transport import Claimed, Finding, Outcome


def send(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    """Dispose of the line of the shop's return, else restock what is sellable."""
    if shop_return := shop_return_of(claimed):
        return _dispose(conn, client, claimed, shop_return)
    return _restock(conn, client, claimed)


def render(conn: ConnectionContext, claimed: Claimed) -> Rendered:
    """Return the disposal or adjustment without asking the shop for the line or item that it is of."""
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    if shop_return_of(claimed):
        line = ReverseLine("<the line of the shop's return>", "", 0, {})
        return Rendered("reverseFulfillmentOrderDispose", mapping.disposal(claimed.message, line, conn.config, names))
    if mapping.disposition_type(claimed.message["disposition"]) != RESTOCKED:
        return Rendered("nothing: no goods came to be sold")
    item = f"<the item with the sku {claimed.message['sku']}>"
    made = mapping.restock(claimed.message, claimed.effect_key, item, conn.config, names)
    return Rendered("inventoryAdjustQuantities", made)


def find(client: ShopifyClient, claimed: Claimed) -> Finding:
    """Compare the line's disposed quantity with what it must be. An adjustment cannot be looked up by its key."""
    shop_return = shop_return_of(claimed)
    if not shop_return:
        return Finding(present=None, evidence={"reason": "Shopify cannot look an adjustment up by its reference."})
    line = _line(client, claimed, shop_return)
    done, before = _disposed(line, claimed), told_before(claimed)
    evidence = {"line": line.id, "disposed": done, "told_before": before}
    if done >= before + claimed.message["quantity"]:
        return Finding(True, line.id, evidence)
    return Finding(False if done == before else None, evidence=evidence)


def shop_return_of(claimed: Claimed) -> str:
    """Return the shop's id of the return, or nothing when it was asked for elsewhere."""
    facts = Event.objects.filter(type="return.requested", subject_id=claimed.message["return_id"])
    external_id = facts.values_list("data__external_id", flat=True).first() or ""
    return external_id if external_id.startswith(f"{GID}Return/") else ""


def told_before(claimed: Claimed) -> int:
    """How many units of this line, as this type, earlier messages of the lane told the shop."""
    kind = mapping.disposition_type(claimed.message["disposition"])
    own = Delivery.objects.values_list("lane_seq", flat=True).get(pk=claimed.id)
    earlier = Delivery.objects.filter(
        Q(status=DeliveryStatus.DELIVERED),
        destination_id=claimed.destination_id,
        lane_key=claimed.lane_key,
        operation=claimed.operation,
        lane_seq__lt=own,
    ).select_related("event")
    return sum(
        delivery.message["quantity"]
        for delivery in earlier
        if delivery.message["line_no"] == claimed.message["line_no"]
        and mapping.disposition_type(delivery.message["disposition"]) == kind
    )


def _dispose(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed, shop_return: str) -> Outcome:
    line = _line(client, claimed, shop_return)
    wanted, done = told_before(claimed) + claimed.message["quantity"], _disposed(line, claimed)
    if done >= wanted:
        return delivered(claimed, line.id, code="already_done", message="The shop has it already.")
    if done + claimed.message["quantity"] != wanted:
        told = f"The shop disposed of {done} units of this line; {wanted - claimed.message['quantity']} were expected."
        raise VendorFailure(OutcomeClass.BUSINESS, "disposed_otherwise", told)
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    client.dispose(mapping.disposal(claimed.message, line, conn.config, names))
    return delivered(claimed, line.id)


def _restock(conn: ConnectionContext, client: ShopifyClient, claimed: Claimed) -> Outcome:
    if mapping.disposition_type(claimed.message["disposition"]) != RESTOCKED:
        return delivered(claimed, http_status=None, code="nothing_to_record", message="Nothing came to be sold.")
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    item = _item(client, claimed.message["sku"])
    adjustment = mapping.restock(claimed.message, claimed.effect_key, item, conn.config, names)
    return delivered(claimed, client.adjust(adjustment, claimed.effect_key)["id"])


def _item(client: ShopifyClient, sku: str) -> str:
    """The one inventory item with this sku: with none or several, a person must say which."""
    found = client.inventory_items(sku)
    if len(found) != 1:
        told = f"Shopify has {len(found)} inventory items with the sku {sku!r}; exactly one is needed."
        raise VendorFailure(OutcomeClass.CONTRACT, "ambiguous_sku" if found else "unknown_sku", told)
    return found[0]


def _line(client: ShopifyClient, claimed: Claimed, shop_return: str) -> ReverseLine:
    wanted = mapping.number_of(claimed.message["order_line_external_id"])
    for line in mapping.reverse_lines(client.return_lines(shop_return)):
        if line.line_item == wanted:
            return line
    told = f"{shop_return} has no reverse fulfillment line for the order line {wanted}."
    raise VendorFailure(OutcomeClass.BUSINESS, "no_reverse_line", told)


def _disposed(line: ReverseLine, claimed: Claimed) -> int:
    return line.disposed.get(mapping.disposition_type(claimed.message["disposition"]), 0)

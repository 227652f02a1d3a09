"""Our refunds, memos and placements against the books of the systems that made them: nothing twice, nothing missing.

The sandbox shows its books; of what is still on its way (submitting, unknown, queued) only what cannot be explained by
being on its way counts as a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.models import Connection
from connectors.sandbox_control import books
from retailops.accounts.actor import Actor
from retailops.events.models import Event
from retailops.lib.money import minor
from returns.enums import Destination, RefundStatus
from returns.models import TillRefund
from returns.selectors import refunds_visible_to

AUDITOR = Actor.system("books")
Json = Mapping[str, Any]
PAID = {RefundStatus.SUCCEEDED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION}
ON_ITS_WAY = {RefundStatus.SUBMITTING, RefundStatus.UNKNOWN}
VOID_THERE = {"failed", "canceled"}


@dataclass(frozen=True)
class Difference:
    """One thing on which the books do not agree."""

    system: str
    key: str
    what: str


@dataclass(frozen=True)
class Comparison:
    """What was compared, by kind, and where it differs."""

    counts: dict[str, int]
    differences: list[Difference]


def compare() -> Comparison:
    """Read the sandbox's books (HTTP) and ours; return every difference. Raises SandboxAway."""
    stripe, netsuite, wms = books("stripe"), books("netsuite"), books("wms")
    found = [*compare_refunds(stripe), *compare_memos(netsuite), *compare_placements(wms)]
    counts = {
        "refunds at Stripe": int(stripe["refund_count"]),
        "credit memos at NetSuite": len(netsuite["memos"]),
        "placements at the warehouse": len(wms["placements"]),
    }
    return Comparison(counts, found)


def compare_refunds(theirs: Json) -> Iterator[Difference]:
    """Yield differences between our refunds of Stripe's connections and the refunds in its books."""
    gateways = set(Connection.objects.filter(vendor="stripe").values_list("name", flat=True))
    # What a till paid out by itself was observed, never sent.
    at_tills = TillRefund.objects.exclude(proposal=None).values("proposal")
    sent = refunds_visible_to(AUDITOR).filter(payment__gateway__in=gateways, destination=Destination.TENDER)
    ours = {refund.effect_key: refund for refund in sent.exclude(proposal__in=at_tills)}
    made = _by_key((refund for charge in theirs["charges"] for refund in charge["refunds"]), _refund_key)
    for key, refunds in made.items():
        alive = [refund for refund in refunds if refund["status"] not in VOID_THERE]
        if len(alive) > 1:
            yield Difference("stripe", key, f"was refunded {len(alive)} times: {', '.join(r['id'] for r in alive)}")
        if key and key not in ours and alive and not _former_leg(key, ours):
            yield Difference("stripe", key, f"was refunded ({alive[0]['id']}), and we know nothing of it")
    for key, refund in ours.items():
        yield from _refund_differs(key, refund, made.get(key, []))
    for charge in theirs["charges"]:
        if charge["refunded"] > charge["captured"]:
            yield Difference("stripe", charge["charge"], f"refunded {charge['refunded']} of {charge['captured']}")


def _refund_key(refund: Json) -> str:
    return str(refund["metadata"].get("refund_key", ""))


def _former_leg(key: str, ours: Mapping[str, Any]) -> bool:
    """Tell whether the key is a former leg of a refund of ours, which the gateway had definitively rejected."""
    return any(own.rpartition(":")[0] == key.rpartition(":")[0] for own in ours)


def _refund_differs(key: str, refund: Any, made: list[Json]) -> Iterator[Difference]:
    alive = [one for one in made if one["status"] not in VOID_THERE]
    if refund.status in PAID and not alive:
        yield Difference("stripe", key, f"is {refund.status} here, and there is no such refund there")
    if refund.status not in PAID | ON_ITS_WAY and alive:
        yield Difference("stripe", key, f"is {refund.status} here, and {alive[0]['status']} there ({alive[0]['id']})")
    for one in alive:
        if (one["amount"], one["currency"].upper()) != (refund.amount, refund.currency):
            said = f"{one['amount']} {one['currency'].upper()}"
            yield Difference("stripe", key, f"is {refund.amount} {refund.currency} here, and {said} there")
        if refund.status in PAID and refund.external_reference not in ("", one["id"]):
            yield Difference("stripe", key, f"is {refund.external_reference} here, and {one['id']} there")


def compare_memos(theirs: Json) -> Iterator[Difference]:
    """Yield differences between the memos that were posted and the ERP's."""
    made = _by_key(theirs["memos"], lambda memo: str(memo["externalId"] or ""))
    posted = {_erp_key(event.data["effect_key"]): event.data for event in _events("credit_memo.posted")}
    queued = {_erp_key(key) for key in _keys("credit_memo.queued")}
    for key, memos in made.items():
        if len(memos) > 1:
            yield Difference("netsuite", key, f"was posted {len(memos)} times")
        if key.startswith("memo-") and key not in queued:
            yield Difference("netsuite", key, "was posted, and we know nothing of it")
    for key, memo in posted.items():
        if key not in made:
            yield Difference("netsuite", key, "is posted here, and there is no such memo there")
        elif minor(str(Decimal(str(made[key][0]["total"]))), memo["currency"]) != memo["amount"]:
            yield Difference("netsuite", key, f"is {memo['amount']} minor units here, {made[key][0]['total']} there")


def _erp_key(effect_key: str) -> str:
    """Return the effect key as NetSuite can bear it."""
    return effect_key.replace(":", "-")


def compare_placements(theirs: Json) -> Iterator[Difference]:
    """Yield differences between the goods that were placed and what the warehouse placed."""
    made = _by_key(theirs["placements"], lambda placement: str(placement["reference"]))
    posted = {event.data["effect_key"]: event.data for event in _events("inventory.disposition_posted")}
    decided = _keys("inventory.disposition_decided")
    for key, placements in made.items():
        if len(placements) > 1:
            yield Difference("wms", key, f"was placed {len(placements)} times")
        if key.startswith("place:") and key not in decided:
            yield Difference("wms", key, "was placed, and we know nothing of it")
    for key, fact in posted.items():
        there = made.get(key, [])
        if fact["external_reference"] in ("", "retailops"):
            continue
        if not there:
            yield Difference("wms", key, "is placed here, and there is no such placement there")
        elif (there[0]["sku"], there[0]["quantity"]) != (fact["sku"], fact["quantity"]):
            said = f"{there[0]['quantity']} of {there[0]['sku']}"
            yield Difference("wms", key, f"is {fact['quantity']} of {fact['sku']} here, and {said} there")


def _events(event_type: str) -> Iterable[Event]:
    return Event.objects.filter(type=event_type, source="retailops").only("data").iterator(chunk_size=2000)


def _keys(event_type: str) -> set[str]:
    return set(Event.objects.filter(type=event_type).values_list("data__effect_key", flat=True))


def _by_key(things: Iterable[Json], key_of: Any) -> dict[str, list[Json]]:
    grouped: dict[str, list[Json]] = defaultdict(list)
    for thing in things:
        grouped[key_of(thing)].append(thing)
    grouped.pop("", None)
    return grouped

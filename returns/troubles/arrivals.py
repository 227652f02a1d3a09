"""Trouble with what arrived."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from retailops.accounts.actor import Actor
from returns.models import Return
from returns.models.serials import SerialFinding
from returns.troubles.opening import open_trouble

WHY = {
    SerialFinding.NOT_SOLD: "was not sold on this order",
    SerialFinding.TWICE: "was read twice",
    SerialFinding.ELSEWHERE: "stands somewhere else here",
    SerialFinding.NOT_RECEIVED: "did not come with this return",
}


class Doubt(Protocol):
    """A number that does not fit."""

    @property
    def sku(self) -> str:
        """Return the sku of the unit that bears it."""

    @property
    def serial(self) -> str:
        """Return the number."""

    @property
    def finding(self) -> SerialFinding:
        """Return why it does not fit."""

    @property
    def sold_on(self) -> str:
        """Return the number of the other order that it was sold on; "" where none is known."""


def blind_return(actor: Actor, rma: Return, skus: Iterable[str]) -> None:
    """A parcel came that no order explains."""
    open_trouble(
        actor,
        "blind_return",
        rma.as_subject(),
        f"{rma.number}: no order found for a parcel",
        "Match it with an order, or inspect it and close without a refund",
        detail="Items: " + ", ".join(skus),
        cause="A parcel came that no order explains",
    )


def over_receipt(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """More arrived than was authorized."""
    open_trouble(
        actor,
        "over_receipt",
        rma.as_subject(),
        f"{rma.number}: {quantity} more of {sku} arrived than authorized",
        "Accept the extra units, or have them sent back",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="More arrived than was authorized",
    )


def wrong_item(actor: Actor, rma: Return, scan_id: str, sku: str, quantity: int) -> None:
    """An item arrived that is not on the return."""
    open_trouble(
        actor,
        "wrong_item",
        rma.as_subject(),
        f"{rma.number}: {quantity} of {sku} arrived, which is not on the return",
        "Ask the customer; have the goods sent back or placed",
        dedupe=f"{scan_id}:{sku}",
        evidence={"scan_id": scan_id, "sku": sku, "quantity": quantity},
        cause="An item arrived that is not on the return",
    )


def serial_mismatch(actor: Actor, rma: Return, scan_id: str, doubts: Sequence[Doubt]) -> None:
    """Numbers on units do not fit what was sold, or what is known of them: another item may have been sent back."""
    first = doubts[0]
    more = f" and {len(doubts) - 1} more" if len(doubts) > 1 else ""
    open_trouble(
        actor,
        "serial_mismatch",
        rma.as_subject(),
        f"{rma.number}: serial {first.serial} of {first.sku} {WHY[first.finding]}{more}",
        "Compare the unit with the order; accept it, or have it sent back",
        dedupe=f"{rma.id}:{scan_id}",
        detail="; ".join(map(_said, doubts)),
        evidence={
            "scan_id": scan_id,
            "serials": [each.serial for each in doubts],
            "sold_on": sorted({each.sold_on for each in doubts if each.sold_on}),
        },
        cause="The serial number of a unit is not that of the unit that was sold",
    )


def _said(doubt: Doubt) -> str:
    elsewhere = f" but on order {doubt.sold_on}" if doubt.sold_on else ""
    return f"{doubt.sku} {doubt.serial}: {WHY[doubt.finding]}{elsewhere}"


def late_arrival(actor: Actor, rma: Return, scan_id: str, former: str) -> None:
    """A parcel came for a return that was expired, declined, canceled or closed, or not decided yet."""
    open_trouble(
        actor,
        "unexpected_arrival",
        rma.as_subject(),
        f"{rma.number}: a parcel arrived although the return was {former.replace('_', ' ')}",
        "Decide whether the return goes on",
        dedupe=f"{rma.id}:{scan_id}",
        evidence={"scan_id": scan_id, "status": former},
        cause="A parcel came for a return that was expired, declined, canceled or closed, or not decided yet",
    )

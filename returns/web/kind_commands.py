"""From a checked form to the command that it asks for: labels, drafts, what nobody expected, lost orders."""

from collections.abc import Mapping
from typing import Any

from retailops.accounts.actor import Actor
from returns.inputs import OrderRef
from returns.inputs.parcels import DropOffIn, LabelIn
from returns.models import Return
from returns.services.blind import match_return
from returns.services.drafts import discard_draft, submit_draft
from returns.services.extra_units import accept_over_receipt
from returns.services.parcels import record_label, take_drop_off
from returns.services.strays import accept_stray, send_back

Data = Mapping[str, Any]


def label(actor: Actor, rma: Return, data: Data) -> object:
    """Record a label; the same number again is the same parcel."""
    told = LabelIn(tracking=data["tracking"], carrier=data["carrier"], cost=data["cost"], url=data["url"] or None)
    return record_label(actor=actor, return_id=rma.id, label=told)


def hand_over(actor: Actor, rma: Return, data: Data) -> object:
    """Use the return's drop-off code up, as its partner's system would."""
    told = DropOffIn(code=rma.drop_off.token, partner=data["partner"], tracking=data["tracking"], place=data["place"])
    return take_drop_off(actor=actor, drop_off=told)


def back(actor: Actor, rma: Return, data: Data) -> object:
    """Send units back, one after the other in one transaction."""
    for stray, quantity in data["chosen"]:
        send_back(actor=actor, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=quantity, reason=data["reason"])
    return rma


def accept(actor: Actor, rma: Return, data: Data) -> object:
    """Take units over: extra ones of a line there, other items as lines of their own."""
    instead = data.get("instead_of")
    for stray, quantity in data["chosen"]:
        if stray.row.line is not None:
            accept_over_receipt(
                actor=actor, return_id=rma.id, line_no=stray.row.line.line_no, quantity=quantity,
                reason=data["reason"],
            )  # fmt: skip
        else:
            accept_stray(
                actor=actor, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=quantity,
                reason=data["reason"], instead_of=int(instead) if instead else None,
            )  # fmt: skip
    return rma


def match(actor: Actor, rma: Return, data: Data) -> object:
    """Match a blind return with the order that was found."""
    return match_return(
        actor=actor, return_id=rma.id, order=OrderRef(order_id=data["order_id"]), lines=data["lines"],
        reason=data["reason"],
    )  # fmt: skip


def submit(actor: Actor, rma: Return, data: Data) -> object:
    """Ask for what the draft describes."""
    return submit_draft(actor=actor, return_id=rma.id, expected_version=data["expected_version"])


def discard(actor: Actor, rma: Return, data: Data) -> object:
    """Give the draft up."""
    return discard_draft(
        actor=actor, return_id=rma.id, reason=data["reason"], expected_version=data["expected_version"]
    )

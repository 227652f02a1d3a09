"""From a checked form to the command that it asks for. Nothing here decides; the services do."""

from collections.abc import Callable, Mapping
from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.evidence import add_evidence
from retailops.lib.clock import now
from returns.inputs import InspectionIn, ReceiptIn, RefundProposalIn, read
from returns.inputs.exchanges import ExchangeIn
from returns.models import Return
from returns.services import exchanges, inspecting, quantities, receiving, refunds, transit

Data = Mapping[str, Any]


def decide(command: Callable[..., object]) -> Callable[[Actor, Return, Data], object]:
    """Return a runner for a decision: it carries the reason and the version that the person saw."""
    return lambda actor, rma, data: command(
        actor=actor,
        return_id=rma.id,
        reason=data["reason"],
        expected_version=data["expected_version"],
        **({"code": data["code"]} if "code" in data else {}),
    )


def receive(actor: Actor, rma: Return, data: Data) -> object:
    """Record an arrival; the form's own scan id makes a second click the same receipt."""
    receipt = read(
        ReceiptIn,
        {
            "scan_id": data["scan_id"],
            "parcel": data["parcel"],
            "location": data["location"],
            "received_at": now(),
            "lines": [
                {"line_no": number, "quantity": quantity, "serials": data["serials"].get(number, [])}
                for number, quantity in data["quantities"].items()
            ],
        },
    )
    return receiving.receive_return(actor=actor, return_id=rma.id, receipt=receipt)


def inspect(actor: Actor, rma: Return, data: Data) -> object:
    """Record the verdicts; the form's own reference makes a second click the same inspection."""
    inspection = read(
        InspectionIn,
        {
            "reference": data["reference"],
            "location": data["location"],
            "inspected_at": now(),
            "slices": data["slices"],
        },
    )
    made = inspecting.inspect_return(actor=actor, return_id=rma.id, inspection=inspection)
    for upload in data["evidence"]:
        add_evidence(actor=actor, subject_type="inspection", subject_id=made.id, upload=upload)
    return made


def propose(actor: Actor, rma: Return, data: Data) -> object:
    """Propose the refund that policy gives, or another amount with a reason."""
    proposal = None
    if data["amount"] is not None:
        proposal = read(
            RefundProposalIn, {"amount": data["amount"], "reason": data["reason"], "reason_code": data["code"]}
        )
    return refunds.propose_refund(actor=actor, return_id=rma.id, proposal=proposal)


def exchange(actor: Actor, rma: Return, data: Data) -> object:
    """Propose the exchange and hold its goods at once."""
    proposal = {"resolution": data["what"], "lines": data["lines"], "reserve": True, "reason": data["reason"]}
    return exchanges.propose_exchange(actor=actor, return_id=rma.id, proposal=read(ExchangeIn, proposal))


def in_transit(actor: Actor, rma: Return, data: Data) -> object:
    """Record that the carrier has the parcel."""
    return transit.mark_in_transit(actor=actor, return_id=rma.id, tracking=data["tracking"], scanned_at=now())


def _per_line(command: Callable[..., object], actor: Actor, rma: Return, data: Data) -> object:
    for number, quantity in data["quantities"].items():
        command(actor=actor, return_id=rma.id, line_no=number, quantity=quantity, reason=data["reason"])
    return rma


def missing(actor: Actor, rma: Return, data: Data) -> object:
    """Declare units missing, line by line in one transaction."""
    return _per_line(quantities.declare_missing, actor, rma, data)


def keep(actor: Actor, rma: Return, data: Data) -> object:
    """Let the customer keep units, line by line in one transaction."""
    return _per_line(quantities.keep_units, actor, rma, data)


def cancel_remaining(actor: Actor, rma: Return, data: Data) -> object:
    """Stop expecting units, line by line in one transaction."""
    return _per_line(quantities.cancel_remaining, actor, rma, data)

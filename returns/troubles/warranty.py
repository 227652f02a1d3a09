"""Trouble with warranty: what a person must see to."""

from retailops.accounts.actor import Actor
from returns.models import WarrantyAssessment
from returns.troubles.opening import open_trouble


def replacement_due(actor: Actor, assessment: WarrantyAssessment, *, why: str) -> None:
    """New units are owed to the customer, and no exchange sends them."""
    rma, line = assessment.rma, assessment.line
    open_trouble(
        actor,
        "warranty_replacement",
        rma.as_subject(),
        f"{rma.number}: {assessment.quantity} new {line.sku} are owed to the customer under warranty",
        "Propose the replacement, or send it otherwise and record that on the return",
        dedupe=str(assessment.id),
        detail=why,
        evidence={"sku": line.sku, "quantity": assessment.quantity, "line_no": line.line_no},
        cause="New units are owed to a customer under warranty",
    )

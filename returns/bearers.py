"""What cases and evidence ask of returns: whose a story is, and what bears files (return, refund, inspection)."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.cases.customers import register_customers
from retailops.cases.evidence import Bearer, register_subject
from retailops.events.catalog import Subject
from retailops.lib.errors import hidden
from returns.access import access_refund, access_return
from returns.models import Inspection, Return


def register() -> None:
    """Let them bear files: seen by whoever sees returns, added by whoever works on that part."""
    money, goods = (P.REFUNDS_PROPOSE, P.APPROVALS_DECIDE), (P.RETURNS_INSPECT, P.RETURNS_RECEIVE)
    register_customers(_customer)
    register_subject("return", Bearer(_return, P.RETURNS_VIEW, (*money, *goods, P.RETURNS_REQUEST)))
    register_subject("refund", Bearer(_refund, P.REFUNDS_VIEW, money))
    register_subject("inspection", Bearer(_inspection, P.RETURNS_VIEW, goods))


def _customer(correlation_id: UUID) -> UUID | None:
    rows = Return.objects.filter(correlation_id=correlation_id, customer__isnull=False)
    return rows.values_list("customer_id", flat=True).first()


def _return(actor: Actor, return_id: UUID) -> Subject:
    return access_return(actor, return_id).as_subject()


def _refund(actor: Actor, refund_id: UUID) -> Subject:
    return access_refund(actor, refund_id).as_subject()


def _inspection(actor: Actor, inspection_id: UUID) -> Subject:
    row = Inspection.objects.filter(pk=inspection_id).values_list("rma_id", flat=True).first()
    if row is None:
        raise hidden()
    rma = access_return(actor, row).as_subject()
    return Subject("inspection", inspection_id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)

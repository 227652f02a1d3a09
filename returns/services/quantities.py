"""Units that will not come: missing, kept by the customer, or no longer expected."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from returns.allocation import count, first, merge, subtract
from returns.enums import ReturnStatus
from returns.events import FewerExpected, LineKept, LineRemainingCanceled, LineShort
from returns.exchange_units import claimed_units
from returns.facts import line_fact
from returns.models import Return, ReturnLine
from returns.promises import forget
from returns.refund_terms import covered_units
from returns.return_lines import lines_of
from returns.services.arriving import awaited
from returns.services.closing import finish
from returns.services.decisions import save_lines
from returns.services.exchange_progress import follow_exchanges
from returns.services.exposure import recover_what_was_overpaid
from returns.services.locking import lock_return
from returns.services.refunds import refund_by_policy


@transaction.atomic
def declare_missing(*, actor: Actor, return_id: UUID, line_no: int, quantity: int, reason: str = "") -> Return:
    """Stop expecting units that were sent and did not come. They are not refunded; if they were, a case opens.

    Raises Conflict unless the return is authorized, Unprocessable for more than is expected, Invalid, Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_RECEIVE, with_payments=True)
    line = _expected(rma, line_no, quantity)
    line.missing += quantity
    save_lines([line], "missing")
    _tell(actor, rma, LineShort, line, quantity, reason)
    recover_what_was_overpaid(actor, rma, [line])
    follow_exchanges(rma)
    return finish(actor, rma)


@transaction.atomic
def keep_units(*, actor: Actor, return_id: UUID, line_no: int, quantity: int, reason: str = "") -> Return:
    """Let the customer keep units; policy refunds them as if they had been accepted. Raises as declare_missing."""
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_payments=True)
    line = _expected(rma, line_no, quantity)
    line.kept += quantity
    save_lines([line], "kept")
    _tell(actor, rma, LineKept, line, quantity, reason)
    follow_exchanges(rma)
    refund_by_policy(rma)
    return finish(actor, rma)


@transaction.atomic
def cancel_remaining(*, actor: Actor, return_id: UUID, line_no: int, quantity: int, reason: str = "") -> Return:
    """Take units off the return before they are sent: they are the order's again, free for another return.

    Raises as declare_missing; Unprocessable also for units that are refunded already.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_order=True, with_payments=True)
    line = _expected(rma, line_no, quantity)
    taken = merge(covered_units([line.id]).get(line.id, []), claimed_units([line.id]).get(line.id, []))
    free = subtract(line.units, taken)
    if line.order_line_id and count(free) < quantity:
        raise Unprocessable(
            "These units are refunded or exchanged already; declare them missing instead.", code="units-refunded"
        )
    if line.order_line_id:
        given_up = subtract(free, first(free, count(free) - quantity))
        line.units = subtract(line.units, given_up)
        forget(line, given_up)
    line.canceled += quantity
    save_lines([line], "canceled", "units", "instead")
    _tell(actor, rma, LineRemainingCanceled, line, quantity, reason)
    return finish(actor, rma)


def _expected(rma: Return, line_no: int, quantity: int) -> ReturnLine:
    """Return the line of the locked, authorized return that still expects so many units."""
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: nothing is expected of it.", code="not-authorized")
    line = line_numbered(rma, line_no)
    if not 0 < quantity <= awaited(line):
        raise Unprocessable(f"{awaited(line)} units of line {line_no} are still expected.", code="more-than-expected")
    return line


def line_numbered(rma: Return, line_no: int) -> ReturnLine:
    """Return the line of that number. Raises Invalid when there is none."""
    line = next((line for line in lines_of(rma) if line.line_no == line_no), None)
    if line is None:
        raise Invalid(f"The return has no line {line_no}.", code="unknown-line")
    return line


def _tell(actor: Actor, rma: Return, kind: type[FewerExpected], line: ReturnLine, quantity: int, reason: str) -> None:
    expected = line.authorized - line.missing - line.kept - line.canceled
    fact = line_fact(kind, rma, line, quantity, kind=str(rma.kind), expected=expected)
    publish(fact, subject=rma.as_subject(), actor=actor, words=reason)

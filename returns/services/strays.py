"""Units that arrived although nobody expected them: each is accepted, or goes back to the customer.

They stand in quarantine until then, with a case that ends by itself when the last of them is dealt with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.models import StockMove
from inventory.services import book_moves
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Invalid, NotFound, Unprocessable
from retailops.lib.ids import uuid7
from returns.allocation import count, first
from returns.enums import ReceiptMatch, Resolution, ReturnKind, ReturnStatus
from returns.events import LineReceived, LineSentBack
from returns.facts import line_fact
from returns.inputs import OrderRef, ReturnLineIn
from returns.line_policies import keep_verdict
from returns.models import ReceiptLine, Return, ReturnLine
from returns.return_lines import lines_of
from returns.services.closing import end_trouble, finish, refuse_closed
from returns.services.eligibility import judge
from returns.services.locking import lock_return
from returns.services.order_reading import LineFacts, Snapshot, read_order, read_units
from returns.services.quantities import cancel_remaining
from returns.services.refunds import refund_by_policy
from returns.services.stock import accept_extra, move_in
from returns.services.warranty_waiting import await_assessment

D = Disposition
BACK = "back"
SENT_BACK = "sent back to the customer"
TROUBLES = {ReceiptMatch.OVER: "over_receipt", ReceiptMatch.WRONG_ITEM: "wrong_item"}


@dataclass(frozen=True)
class Stray:
    """What is left in quarantine of a receipt line that nobody expected."""

    row: ReceiptLine
    left: int


def strays_of(rma: Return) -> list[Stray]:
    """Return what stands in quarantine of the return, oldest first."""
    rows = ReceiptLine.objects.filter(receipt__rma=rma, receipt__reverses=None, receipt__reversal=None)
    rows = rows.exclude(match=ReceiptMatch.EXPECTED).select_related("receipt__location", "line").order_by("id")
    gone = _gone(rma)
    found = []
    for row in rows:
        left = row.quantity - gone.get(str(row.pk), 0)
        # Accepted extras are counted by line and not by receipt: the oldest are taken first.
        if row.line_id is not None:
            key = f"{row.line_id}@{row.receipt.location.code}"
            taken = min(left, gone.get(key, 0))
            gone[key] = gone.get(key, 0) - taken
            left -= taken
        if left > 0:
            found.append(Stray(row, left))
    return found


def _gone(rma: Return) -> dict[str, int]:
    """Return how many units have left quarantine: by receipt line, and accepted extras by line and place."""
    moves = StockMove.objects.filter(subject_id=rma.id, source=D.QUARANTINE, reverses=None)
    found: dict[str, int] = {}
    for key, place, quantity in moves.values_list("effect_key", "source_location__code", "quantity"):
        what, owner, *more = key.split(":")
        if what == "extra":
            # The key of an item that became a line of its own names the receipt line as well.
            owner = more[0] if len(more) > 1 else f"{owner}@{place}"
        if what in (BACK, "extra"):
            found[owner] = found.get(owner, 0) + quantity
    return found


@transaction.atomic
def send_back(*, actor: Actor, return_id: UUID, receipt_line_id: int, quantity: int, reason: str = "") -> Return:
    """Send units that nobody expected back to the customer: they leave quarantine and are never refunded.

    Raises Unprocessable for more than stand there, Conflict when the return is closed, NotFound, Denied.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_order=True, with_payments=True)
    refuse_closed(rma)
    stray = _stray(rma, receipt_line_id, quantity)
    place = stray.row.receipt.location.code
    key = f"{BACK}:{stray.row.pk}:{uuid7()}"
    move = move_in(rma, key, stray.row.sku, quantity, D.QUARANTINE, D.RETURN_TO_CUSTOMER, place, reason=SENT_BACK)
    book_moves(actor=actor, moves=[move])
    line = stray.row.line or ReturnLine(line_no=0, sku=stray.row.sku)
    fact = line_fact(LineSentBack, rma, line, quantity, receipt_id=str(stray.row.receipt_id), location=place)
    publish(fact, subject=rma.as_subject(), actor=actor, words=reason)
    _end_cases(actor, rma, stray.row, "Sent back to the customer")
    return finish(actor, rma)


@transaction.atomic
def accept_stray(
    *,
    actor: Actor,
    return_id: UUID,
    receipt_line_id: int,
    quantity: int,
    reason: str = "",
    instead_of: int | None = None,
) -> Return:
    """Take an item that nobody announced over as a line of its own; it waits for inspection like the others.

    Where the order has such units left they are taken and can be refunded; else the line has no value here. With
    `instead_of`, as many units of that line are no longer expected: the customer sent another item. Raises Conflict
    unless the return is authorized, Unprocessable for more than stand in quarantine, NotFound, Invalid, Denied.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_order=True, with_payments=True)
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: authorize or reinstate it first.", code="not-authorized")
    stray = _stray(rma, receipt_line_id, quantity)
    if stray.row.line_id is not None:
        raise Invalid("These are extra units of a line: accept them there.")
    if instead_of is not None:
        cancel_remaining(actor=actor, return_id=rma.id, line_no=instead_of, quantity=quantity, reason=reason)
        rma.refresh_from_db()
    line = _new_line(rma, stray.row.sku, quantity)
    place = stray.row.receipt.location
    accept_extra(actor, rma, f"extra:{line.id}:{stray.row.pk}:{uuid7()}", line, quantity, place)
    await_assessment(rma, [line])
    receipt = str(stray.row.receipt_id)
    fact = line_fact(LineReceived, rma, line, quantity, receipt_id=receipt, location=place.code)
    publish(fact, subject=rma.as_subject(), actor=actor, words=reason)
    _end_cases(actor, rma, stray.row, "Accepted as a line of its own")
    refund_by_policy(rma)
    return finish(actor, rma)


def _new_line(rma: Return, sku: str, quantity: int) -> ReturnLine:
    """Write a line that has arrived, with units of the order where it has enough of that sku left."""
    lines = lines_of(rma)
    number = max((line.line_no for line in lines), default=0) + 1
    free = []
    if rma.order_id is not None:
        snapshot = read_units(read_order(OrderRef(order_id=rma.order_id), lock=True))
        free = [line for line in snapshot.lines if line.sku == sku and count(line.free()) >= quantity]
        _keep_policy(rma, number, snapshot, free[:1], quantity)
    return ReturnLine.objects.create(
        rma=rma,
        line_no=number,
        order_line=free[0].as_row() if free else None,
        sku=sku,
        title=free[0].title if free else "",
        units=first(free[0].free(), quantity) if free else [],
        requested=quantity,
        authorized=quantity,
        received=quantity,
        resolution=Resolution.REFUND if free else Resolution.NONE,
        customer_reason="another_item",
    )


def _keep_policy(rma: Return, number: int, snapshot: Snapshot, found: Sequence[LineFacts], quantity: int) -> None:
    """Keep which policy the new line falls under: its category's fees and rules are its own."""
    asked = [ReturnLineIn(line_no=line.line_no, quantity=quantity) for line in found]
    for verdict in judge(snapshot, asked, rma.requested_at, ReturnKind(rma.kind)).lines:
        keep_verdict(rma, number, verdict.facts())
    rma.save(update_fields=["policy_facts"])


def _stray(rma: Return, receipt_line_id: int, quantity: int) -> Stray:
    found = next((stray for stray in strays_of(rma) if stray.row.pk == receipt_line_id), None)
    if found is None:
        raise NotFound("No such units stand in quarantine.")
    if not 0 < quantity <= found.left:
        raise Unprocessable(f"{found.left} units of {found.row.sku} stand in quarantine.", code="more-than-arrived")
    return found


def end_cases_of_extras(actor: Actor, rma: Return, rows: Sequence[ReceiptLine]) -> None:
    """End the case of each of these receipt lines whose units have all been dealt with."""
    for row in rows:
        _end_cases(actor, rma, row, "The extra units were accepted")


def _end_cases(actor: Actor, rma: Return, row: ReceiptLine, outcome: str) -> None:
    """End the cases of a receipt line that nobody expected, each with the last unit that it is about."""
    left = [each.row for each in strays_of(rma) if each.row.receipt_id == row.receipt_id]
    evidence = {"receipt": str(row.receipt_id), "sku": row.sku}
    if not any((each.sku, each.match) == (row.sku, row.match) for each in left):
        trouble = f"{TROUBLES[ReceiptMatch(row.match)]}:{row.receipt.scan_id}:{row.sku}"
        end_trouble(actor, rma, trouble, outcome, evidence)
    # Units whose numbers do not fit stand among the other items.
    if row.match == ReceiptMatch.WRONG_ITEM and not any(each.match == ReceiptMatch.WRONG_ITEM for each in left):
        end_trouble(actor, rma, f"serial_mismatch:{rma.id}:{row.receipt.scan_id}", outcome, evidence)

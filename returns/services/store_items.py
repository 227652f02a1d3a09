"""One return that an offline till took: goods, verdict and payout are facts, and are recorded whatever is known here.

What does not fit becomes a conflict, told by a case; nothing of what the till says is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from inventory.models import Location
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Invalid
from retailops.lib.fsm import fire
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from returns import troubles
from returns.enums import ReceiptMatch, Resolution, ReturnKind, ReturnStatus
from returns.events import ReturnAuthorized, ReturnFact, ReturnRequested
from returns.facts import return_fact
from returns.inputs import InspectionIn, OrderRef, ReceiptIn, ReceiptLineIn, ReturnIn, ReturnLineIn
from returns.inputs.store import StoreItemIn, StoreLineIn
from returns.models import Inspection, Order, Payment, Receipt, Return, ReturnLine, StoreBatch
from returns.policy import rules_of, within
from returns.refund_calculation import calculate
from returns.refund_terms import read_terms
from returns.return_lines import lines_of
from returns.services.arriving import Arrival
from returns.services.authorizing import grant
from returns.services.building import new_lines, new_return, worth_of, write_return
from returns.services.closing import finish
from returns.services.decisions import bring_back, open_again, save_lines, taken_meanwhile, tell_back
from returns.services.eligibility import Eligibility, judge
from returns.services.inspecting import record_verdicts
from returns.services.locking import lock_return
from returns.services.order_reading import Snapshot, read_order, read_units
from returns.services.receiving import receive_return, record_arrival
from returns.services.refunds import refund_by_policy
from returns.services.till import scan_of, source_of
from returns.services.till_payouts import observe_payouts
from returns.worth import line_worth

Conflicts = list[dict[str, str]]


@dataclass
class Told:
    """An item being taken in: what was told, where, and what of it does not fit."""

    actor: Actor
    batch: StoreBatch
    item: StoreItemIn
    conflicts: Conflicts = field(default_factory=list)

    @property
    def store(self) -> Location:
        """Return the store."""
        return self.batch.location

    def object(self, code: str, detail: str) -> None:
        """Note what does not fit."""
        self.conflicts.append({"code": code, "detail": detail})


def take_in(actor: Actor, batch: StoreBatch, item: StoreItemIn) -> tuple[Return, Conflicts]:
    """Record what the till did, within a transaction; return the return and what did not fit.

    What came otherwise under the same id (the till was online for a part of it) is not recorded again.
    """
    told = Told(actor, batch, item)
    snapshot = _order_locked(told)
    rma = _known(told) or (_open(told, snapshot) if snapshot else _open_without_order(told))
    arrived = _goods(told, rma)
    _verdicts(told, rma, arrived)
    _money(told, rma)
    if told.conflicts:
        troubles.store_conflict(actor, rma, batch.location.code, item.id, told.conflicts)
    refund_by_policy(rma)
    return finish(actor, rma), told.conflicts


def _order_locked(told: Told) -> Snapshot | None:
    """Return the order that the till names, locked with its payments; None where it is not known or not visible."""
    found = _find_order(told)
    if found is None or found.currency != told.batch.currency:
        return None
    order = read_order(OrderRef(order_id=found.id), lock=True)
    list(Payment.objects.select_for_update(no_key=True).filter(order_id=order.id).order_by("id").values_list("pk"))
    return read_units(order)


def _find_order(told: Told) -> Order | None:
    ref, number = told.item.order, told.item.order_number
    rows = Order.objects.none()
    if ref is not None:
        rows = (
            Order.objects.filter(pk=ref.order_id)
            if ref.order_id
            else Order.objects.filter(channel=ref.channel, external_id=ref.external_id)
        )
    elif number:
        rows = Order.objects.filter(number=number)
    seen = [o for o in rows[:2] if can(told.actor, Permission.ORDERS_VIEW, region=o.region, brand=o.brand)]
    return seen[0] if len(seen) == 1 else None


def _known(told: Told) -> Return | None:
    key = Return.objects.filter(source=source_of(told.store.code), external_id=told.item.id).values_list("id").first()
    if key is None:
        return None
    rma = lock_return(told.actor, key[0], Permission.RETURNS_RECEIVE, with_order=True, with_payments=True)
    _revive(told, rma)
    return rma


def _revive(told: Told, rma: Return) -> None:
    """Bring a return that the till opened while it was online to where the till says it is: the goods are here."""
    former, lines = str(rma.status), lines_of(rma)
    if former in (ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW):
        rules = rules_of(rma.policy)
        grant(rma, lines, rules, {line.line_no: line_worth(line) for line in lines})
        save_lines(lines, "authorized", "kept")
        rma.save()
        label = rma.policy.label if rma.policy else ""
        publish(
            return_fact(ReturnAuthorized, rma, lines), subject=rma.as_subject(), actor=told.actor, policy_version=label
        )
    elif former in (ReturnStatus.EXPIRED, ReturnStatus.DECLINED) and not taken_meanwhile(lines):
        bring_back(rma, lines)
        tell_back(told.actor, rma, lines, "the till took the goods")
    if former not in (ReturnStatus.AUTHORIZED, ReturnStatus.CLOSED):
        shown = ReturnStatus(former).label.lower()
        told.object("not_decided", f"The till took the goods although the return was {shown}.")


def _open(told: Told, snapshot: Snapshot) -> Return:
    """Open the return as the till has granted it, whatever policy says; units that are gone have no order line."""
    item = told.item
    verdict, beyond = _judged(told, snapshot)
    request = ReturnIn(
        order=OrderRef(order_id=snapshot.order.id),
        kind=item.kind,
        source=source_of(told.store.code),
        external_id=item.id,
        reason=item.reason,
        requested_at=item.happened_at,
        override_reason="granted at the till while it was offline",
        lines=[line.asked() for line in item.lines],
    )
    rma = new_return(told.actor, request, verdict)
    rma.store = told.store.code
    rma.decision_reason = "granted at the till while it was offline"
    lines = new_lines(rma, verdict)
    lines += [_without_worth(rma, len(lines) + number, *each) for number, each in enumerate(beyond, start=1)]
    _grant(told, rma, lines, verdict)
    return rma


def _judged(told: Told, snapshot: Snapshot) -> tuple[Eligibility, list[tuple[StoreLineIn, int]]]:
    """Return the verdict on what the order still has, and the units of which it has none, each with its line."""
    left = {line.id: line.returnable() for line in snapshot.lines}
    asked: list[ReturnLineIn] = []
    beyond: list[tuple[StoreLineIn, int]] = []
    for each in told.item.lines:
        try:
            line = judge(snapshot, [each.asked()], told.item.happened_at).lines[0].line
        except Invalid:
            told.object("unknown_line", f"{each.sku or each.external_id} is not on order {snapshot.order.number}.")
            beyond.append((each, each.quantity))
            continue
        good = min(each.quantity, left[line.id])
        left[line.id] -= good
        if good:
            asked.append(ReturnLineIn(**(each.asked().model_dump() | {"line_no": line.line_no, "quantity": good})))
        if good < each.quantity:
            gone = each.quantity - good
            told.object("units_taken", f"{gone} of {line.sku} cannot come back any more: returned or never sent.")
            beyond.append((each.model_copy(update={"sku": line.sku}), gone))
    verdict = judge(snapshot, asked, told.item.happened_at)
    for each_line in verdict.lines:
        for reason in each_line.reasons:
            told.object("not_allowed", reason.detail)
    return verdict, beyond


def _without_worth(rma: Return, number: int, told: StoreLineIn, quantity: int) -> ReturnLine:
    sku = told.sku or told.external_id or f"line {told.line_no}"
    return ReturnLine(
        rma=rma, line_no=number, sku=sku[:64], units=[], requested=quantity, resolution=Resolution.NONE,
        customer_reason=told.reason,
    )  # fmt: skip


def _grant(told: Told, rma: Return, lines: list[ReturnLine], verdict: Eligibility) -> None:
    fire(rma.request)
    grant(rma, lines, verdict.policy.rules, worth_of(verdict))

    def facts() -> list[ReturnFact]:
        return [return_fact(ReturnRequested, rma, lines), return_fact(ReturnAuthorized, rma, lines)]

    policy = verdict.policy.label
    write_return(told.actor, rma, lines, facts, reason=told.item.reason or told.item.id, policy=policy)


def _open_without_order(told: Told) -> Return:
    """Open a blind return: the till took goods back for an order that nobody here knows."""
    batch, item = told.batch, told.item
    name = item.order_number or (item.order and item.order.external_id) or "no order"
    told.object("unknown_order", f"The till names {name}, which is not known here.")
    rma = Return(
        id=uuid7(), kind=ReturnKind.BLIND, region=batch.region, brand=batch.brand, store=batch.location.code,
        currency=batch.currency, correlation_id=uuid7(), source=source_of(batch.location.code), external_id=item.id,
        decision_reason="granted at the till while it was offline", memo_required=False,
        requested_by=told.actor.key, requested_at=item.happened_at,
    )  # fmt: skip
    lines = [_without_worth(rma, number, each, each.quantity) for number, each in enumerate(item.lines, start=1)]
    fire(rma.request)
    fire(rma.authorize)
    for line in lines:
        line.authorized = line.requested
    write_return(
        told.actor, rma, lines, lambda: [return_fact(ReturnRequested, rma, lines)], reason=item.reason, policy=""
    )
    troubles.blind_return(told.actor, rma, [line.sku for line in lines])
    return rma


def _goods(told: Told, rma: Return) -> list[tuple[StoreLineIn, ReturnLine, int]]:
    """Record the receipt, unless it came otherwise; return which units of which line were on the counter."""
    paired = _paired(told, rma)
    scan = scan_of(told.store.code, told.item.id)[:120]
    known = Receipt.objects.filter(scan_id=scan).first()
    if known is None and rma.status != ReturnStatus.AUTHORIZED:
        lines = [ReceiptLineIn(sku=each.sku or line.sku, quantity=part) for each, line, part in paired]
        lines = lines or [ReceiptLineIn(sku=each.sku or "unknown", quantity=each.quantity) for each in told.item.lines]
        arrived = ReceiptIn(scan_id=scan, location=told.store.code, received_at=told.item.happened_at, lines=lines)
        receive_return(actor=told.actor, return_id=rma.id, receipt=arrived)
        rma.refresh_from_db()
    elif known is None:
        receipt = ReceiptIn(
            scan_id=scan,
            location=told.store.code,
            received_at=told.item.happened_at,
            lines=[ReceiptLineIn(line_no=line.line_no, quantity=quantity) for _, line, quantity in paired],
        )
        arrivals = [Arrival(line, line.sku, quantity, ReceiptMatch.EXPECTED) for _, line, quantity in paired]
        record_arrival(
            told.actor, rma, receipt, told.store, arrivals, former=ReturnStatus.AUTHORIZED, settled_elsewhere=True
        )
    return paired


def _paired(told: Told, rma: Return) -> list[tuple[StoreLineIn, ReturnLine, int]]:
    """Return the till's lines with the return's lines that hold their units."""
    found: list[tuple[StoreLineIn, ReturnLine, int]] = []
    lines = lines_of(rma)
    left = {line.id: line.authorized - line.kept - line.canceled for line in lines}
    for each in told.item.lines:
        wanted = each.quantity
        for line in lines:
            part = min(wanted, left[line.id]) if _fits(each, line) else 0
            if part > 0:
                found.append((each, line, part))
                left[line.id] -= part
                wanted -= part
    return found


def _fits(told: StoreLineIn, line: ReturnLine) -> bool:
    if line.order_line is None:
        return line.sku in (told.sku, told.external_id[:64], f"line {told.line_no}") or not told.sku
    if told.external_id:
        return line.order_line.external_id == told.external_id
    return line.order_line.line_no == told.line_no if told.line_no else line.sku == told.sku


def _verdicts(told: Told, rma: Return, arrived: Sequence[tuple[StoreLineIn, ReturnLine, int]]) -> None:
    reference = scan_of(told.store.code, told.item.id)
    if Inspection.objects.filter(reference=reference).exists() or rma.status != ReturnStatus.AUTHORIZED:
        return
    waiting = {line.line_no: line.received - line.inspected for line in lines_of(rma)}
    slices = [each.judged(line.line_no, quantity) for each, line, quantity in arrived if waiting.get(line.line_no)]
    if slices:
        inspection = InspectionIn(
            reference=reference, location=told.store.code, inspected_at=told.item.happened_at, slices=slices
        )
        record_verdicts(told.actor, rma, inspection, told.store)


def _money(told: Told, rma: Return) -> None:
    """Record the payouts; those that policy would not have made, or not without a second person, are conflicts."""
    if not told.item.refunds:
        return
    terms = read_terms(rma, by_itself=False)
    units = {line.id: terms.payable(line) for line in terms.lines}
    owed = calculate(terms, {key: value for key, value in units.items() if value}).total
    paid = sum(refund.amount for refund in told.item.refunds)
    known = set(rma.refunds.exclude(external_reference="").values_list("external_reference", flat=True))
    new = [each for each in told.item.refunds if f"{told.store.code}:{each.reference}" not in known]
    observed = observe_payouts(told.actor, rma, told.store, new)
    if observed and rma.status == ReturnStatus.CLOSED:
        open_again(told.actor, rma, lines_of(rma), "a till paid out more money")
    if not observed or rma.order_id is None:
        return
    shown = Money(paid, rma.currency)
    if paid > owed:
        told.object("more_than_owed", f"{shown} was paid out; policy gives {Money(owed, rma.currency)}.")
    if not within(paid, rules_of(rma.policy).auto_approve_limit, rma.currency):
        told.object("above_limit", f"{shown} is above what goes without a second person.")
    if beyond := sum(each.excess for each in observed):
        told.object("over_refund", f"No payment of the order bears {Money(beyond, rma.currency)} of it.")

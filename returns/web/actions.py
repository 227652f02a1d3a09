"""What a person may do with a return: label, permission, when not now and why, form, and the command that it runs.

Hidden when the role never may; disabled with the reason when not now. The command checks everything again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from returns.enums import CLAIMING_EXCHANGES, LIVE_REFUNDS, ReturnKind, ReturnStatus
from returns.facets import recompute
from returns.kinds import traits_of
from returns.models import DropOffCode, Return
from returns.services import decisions
from returns.services.closing import what_is_left
from returns.services.holding import pending
from returns.services.parcels import ALIVE
from returns.services.strays import strays_of
from returns.web import commands, forms, kind_commands, kind_forms
from returns.web.exchange_forms import ExchangeForm
from returns.web.exchanges import nothing_to_exchange

S = ReturnStatus
Blocked = Callable[[Return], str]
Run = Callable[[Actor, Return, Mapping[str, Any]], object]


@dataclass(frozen=True)
class Action:
    """One command as a person is offered it."""

    key: str
    label: str
    icon: str
    permission: Permission
    blocked: Blocked
    form: type[forms.ActionForm]
    run: Run
    consequence: str
    done: str
    danger: bool = False


@dataclass(frozen=True)
class Offer:
    """An action with the reason why not now; an empty reason means that it may be done."""

    action: Action
    reason: str


def offers(actor: Actor, rma: Return) -> list[Offer]:
    """Return the actions that the actor's role allows on this return."""
    allowed = [a for a in ACTIONS.values() if can(actor, a.permission, region=rma.region, brand=rma.brand)]
    return [Offer(action, action.blocked(rma)) for action in allowed]


def only_when(*statuses: ReturnStatus) -> Blocked:
    """Return a check that the decision is one of these."""
    words = " or ".join(str(status.label).lower() for status in statuses)
    return lambda rma: "" if rma.status in statuses else f"Only while the return is {words}."


def may_be_authorized(rma: Return) -> str:
    """Say why a return cannot be authorized."""
    return only_when(S.REQUESTED, S.IN_REVIEW)(rma) or (
        "A fraud review holds it: decide that first." if pending(rma) else ""
    )


def nothing_came(rma: Return) -> str:
    """Say why a return cannot be canceled."""
    if rma.status == S.DRAFT:
        return "It is a draft: discard it instead."
    if rma.status not in (S.REQUESTED, S.IN_REVIEW, S.AUTHORIZED):
        return "It has ended already."
    if any(line.received for line in rma.lines.all()):
        return "Goods have arrived: inspect or reverse the receipt instead."
    if rma.refunds.filter(status__in=LIVE_REFUNDS).exists():
        return "A refund is on its way or paid."
    if rma.exchanges.filter(status__in=CLAIMING_EXCHANGES).exists():
        return "An exchange goes on: cancel or convert it first."
    return ""


def something_is_expected(rma: Return) -> str:
    """Say why nothing can be received, declared missing or canceled."""
    if rma.status != S.AUTHORIZED:
        return "Only while the return is authorized."
    if all(forms.outstanding(line) <= 0 for line in rma.lines.all()):
        return "Every unit has arrived or is accounted for."
    return ""


def may_arrive(rma: Return) -> str:
    """Say why nothing can be received: whatever arrives gets a receipt, so only an end without a parcel says no."""
    if rma.status in (S.DRAFT, S.CLOSED):
        return "Nothing is expected any more." if rma.status == S.CLOSED else "It was not asked for yet."
    return ""


def something_to_inspect(rma: Return) -> str:
    """Say why nothing can be inspected."""
    if rma.kind == ReturnKind.WARRANTY:
        return "Units under warranty get a warranty verdict."
    if any(line.received > line.inspected for line in rma.lines.all()):
        return ""
    return "Nothing that arrived waits for inspection."


def refundable(rma: Return) -> str:
    """Say why no refund can be proposed."""
    if rma.status != S.AUTHORIZED:
        return "Only while the return is authorized."
    if rma.order_id is None:
        return "No order was found, so there is no payment to refund."
    return ""


def needs_label(rma: Return) -> str:
    """Say why no label is recorded."""
    if not traits_of(rma.kind).label:
        return "Returns of this kind travel without a label of ours."
    return "" if rma.status in ALIVE else "It has ended."


def to_hand_over(rma: Return) -> str:
    """Say why nothing is handed over at a drop-off point."""
    code = DropOffCode.objects.filter(rma=rma).first()
    if code is None:
        return "Only goods with a drop-off code are handed over so."
    if code.used_at is not None:
        return f"They were handed over at {code.partner}."
    return only_when(S.AUTHORIZED)(rma)


def unmatched(rma: Return) -> str:
    """Say why no order is looked for."""
    return "" if rma.kind == ReturnKind.BLIND and rma.order_id is None else "Its order is known."


def something_stray(rma: Return) -> str:
    """Say why nothing can be accepted or sent back that nobody expected."""
    if rma.status == S.CLOSED:
        return "The return is closed: reopen it first."
    return "" if strays_of(rma) else "Nothing that nobody expected stands in quarantine."


def may_accept_stray(rma: Return) -> str:
    """Say why what nobody expected cannot be taken over."""
    return something_stray(rma) if rma.status == S.AUTHORIZED else "Only while the return is authorized."


def complete(rma: Return) -> str:
    """Say why the return cannot be closed."""
    if rma.status != S.AUTHORIZED:
        return "Only while the return is authorized."
    left = what_is_left(rma, recompute(rma))
    return f"Not yet: {'; '.join(left)}." if left else ""


ACTIONS: dict[str, Action] = {
    action.key: action
    for action in (
        Action(
            "authorize", "Authorize", "check", Permission.RETURNS_DECIDE, may_be_authorized,
            forms.DecisionForm, commands.decide(decisions.authorize_return),
            "The customer may send the goods, and the warehouse is told to expect them.", "Return authorized.",
        ),
        Action(
            "submit", "Submit draft", "paper-airplane", Permission.RETURNS_REQUEST, only_when(S.DRAFT),
            forms.ActionForm, kind_commands.submit,
            "Policy judges it now, and its units are taken.", "Return requested.",
        ),
        Action(
            "match", "Match with an order", "magnifying-glass", Permission.RETURNS_DECIDE, unmatched,
            kind_forms.MatchForm, kind_commands.match,
            "The units are taken from the order, and its policy applies from now on.", "Matched with its order.",
        ),
        Action(
            "receive", "Receive goods", "archive-box-arrow-down", Permission.RETURNS_RECEIVE, may_arrive,
            forms.ReceiveForm, commands.receive,
            "The units are booked as pending inspection; nothing becomes sellable.", "Receipt recorded.",
        ),
        Action(
            "inspect", "Inspect", "clipboard-document-check", Permission.RETURNS_INSPECT, something_to_inspect,
            forms.InspectForm, commands.inspect,
            "Each unit gets its verdict and goes where you send it; by policy this may start the refund.",
            "Inspection recorded.",
        ),
        Action(
            "refund", "Propose refund", "banknotes", Permission.REFUNDS_PROPOSE, refundable,
            forms.RefundForm, commands.propose,
            "The money is reserved on the payment. Above the limit a second person must approve.", "Refund proposed.",
        ),
        Action(
            "exchange", "Propose exchange", "arrows-right-left", Permission.RETURNS_DECIDE, nothing_to_exchange,
            ExchangeForm, commands.exchange,
            "The units are taken for it, both prices frozen and the new goods held. Nothing is charged.",
            "Exchange proposed.",
        ),
        Action(
            "transit", "Mark in transit", "truck", Permission.RETURNS_RECEIVE, something_is_expected,
            forms.TransitForm, commands.in_transit,
            "The parcel counts as handed to the carrier.", "Marked as in transit.",
        ),
        Action(
            "hand_over", "Handed over at a drop-off point", "hand-raised", Permission.RETURNS_RECEIVE, to_hand_over,
            kind_forms.HandOverForm, kind_commands.hand_over,
            "The customer's code is used up, and the goods count as on their way.", "Hand-over recorded.",
        ),
        Action(
            "label", "Record a label", "tag", Permission.RETURNS_REQUEST, needs_label,
            kind_forms.LabelForm, kind_commands.label,
            "One label for each parcel. Scans and receipts are then told by parcel.", "Label recorded.",
        ),
        Action(
            "accept_stray", "Accept what nobody expected", "plus-circle", Permission.RETURNS_DECIDE, may_accept_stray,
            kind_forms.AcceptForm, kind_commands.accept,
            "The units wait for inspection like the others, and are refunded where the order has such units left.",
            "Taken over.",
        ),
        Action(
            "send_back", "Send back to the customer", "arrow-uturn-right", Permission.RETURNS_DECIDE, something_stray,
            kind_forms.StrayForm, kind_commands.back,
            "The units leave quarantine for the customer and are never refunded.", "On their way back.",
        ),
        Action(
            "missing", "Declare missing", "magnifying-glass-minus", Permission.RETURNS_RECEIVE, something_is_expected,
            forms.QuantityForm, commands.missing,
            "The units are not expected any more and are not refunded.", "Units declared missing.", danger=True,
        ),
        Action(
            "keep", "Customer keeps it", "gift", Permission.RETURNS_DECIDE, something_is_expected,
            forms.QuantityForm, commands.keep,
            "The customer keeps the units; a refund by policy may still follow.", "Units kept by the customer.",
        ),
        Action(
            "cancel_remaining", "Cancel what has not come", "scissors", Permission.RETURNS_DECIDE,
            something_is_expected, forms.QuantityForm, commands.cancel_remaining,
            "The units are not expected any more; the customer keeps them without a refund.",
            "The rest was canceled.", danger=True,
        ),
        Action(
            "decline", "Decline", "no-symbol", Permission.RETURNS_DECIDE, only_when(S.REQUESTED, S.IN_REVIEW),
            forms.DeclineForm, commands.decide(decisions.decline_return),
            "The customer gets no refund, and the shop is told.", "Return declined.", danger=True,
        ),
        Action(
            "cancel", "Cancel", "x-circle", Permission.RETURNS_DECIDE, nothing_came,
            forms.CancelForm, commands.decide(decisions.cancel_return),
            "The return ends; the warehouse stops expecting it. No money moves.", "Return canceled.", danger=True,
        ),
        Action(
            "discard", "Discard draft", "trash", Permission.RETURNS_REQUEST, only_when(S.DRAFT),
            forms.DecisionForm, kind_commands.discard,
            "Nobody outside was told of it, and nothing was promised.", "Draft discarded.", danger=True,
        ),
        Action(
            "close", "Close", "lock-closed", Permission.RETURNS_DECIDE, complete,
            forms.DecisionForm, commands.decide(decisions.close_return),
            "It ends here, though units that could be refunded were not.", "Return closed.",
        ),
        Action(
            "reinstate", "Reinstate", "arrow-path", Permission.RETURNS_DECIDE, only_when(S.EXPIRED, S.DECLINED),
            forms.DecisionForm, commands.decide(decisions.reinstate_return),
            "The return is authorized again.", "Return reinstated.",
        ),
        Action(
            "reopen", "Reopen", "lock-open", Permission.RETURNS_REOPEN, only_when(S.CLOSED),
            forms.DecisionForm, commands.decide(decisions.reopen_return),
            "The return is open again and must be closed anew.", "Return reopened.", danger=True,
        ),
    )
}  # fmt: skip

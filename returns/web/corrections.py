"""What can be put right on a return: a receipt that was a mistake, a refund that was not paid. When not, and why."""

from uuid import UUID

from django import forms
from django.utils.text import capfirst

from retailops.lib.money import Money
from returns.enums import Destination, ReceiptMatch, RefundStatus, ReturnStatus
from returns.models import Receipt, Refund, Return
from returns.refund_terms import DESTINATIONS, read_terms, tenders_of
from returns.web.ways import WAYS

RETRIED = (RefundStatus.FAILED, RefundStatus.CANCELED, RefundStatus.REVERSED)


def why_not_reversed(rma: Return, receipt: Receipt) -> str:
    """Say why a receipt cannot be reversed now; "" where it can. The command checks again, under the locks."""
    if receipt.reverses_id:
        return "This one reverses an earlier receipt."
    if getattr(receipt, "reversal", None) is not None:
        return "It is reversed already."
    if rma.status == ReturnStatus.CLOSED:
        return "The return is closed: reopen it first."
    counted: dict[UUID, int] = {}
    for row in receipt.lines.all():
        if row.line is not None and row.match == ReceiptMatch.EXPECTED:
            counted[row.line.id] = counted.get(row.line.id, row.line.received) - row.quantity
            if counted[row.line.id] < row.line.inspected:
                return "Some of its units were inspected already."
    return ""


def why_not_again(refund: Refund) -> str:
    """Say why a refund cannot be tried again; "" where it can."""
    if refund.status in RETRIED:
        return ""
    if refund.status == RefundStatus.SUPERSEDED:
        return "Another refund pays instead already."
    return f"It is {refund.get_status_display().lower()}: only a refund that ended without paying is tried again."


class ReversalForm(forms.Form):
    """Why a receipt was a mistake."""

    reason = forms.CharField(
        max_length=200, label="Reason", help_text="Kept with the reversing receipt; the first one stays to be read."
    )


class AgainForm(forms.Form):
    """By which payment a refund is tried again and why; and in which way, where policy offers more than one."""

    payment = forms.ChoiceField(label="Pay back to")
    destination = forms.ChoiceField(label="The customer gets", widget=forms.RadioSelect, required=False)
    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the new refund.")

    def __init__(self, data: object = None, *, refund: Refund) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # the request's QueryDict, or None
        payments, ways = payments_for(refund), ways_for(refund)
        self._offer("payment", payments, "Another payment than before needs a second person.")
        self._offer("destination", ways, "Another way than before needs a second person.")
        if len(ways) == 1:
            del self.fields["destination"]
        else:
            self.fields["destination"].initial = str(refund.destination)

    def _offer(self, name: str, choices: list[tuple[str, str]], help_text: str) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices
            field.help_text = "" if len(choices) == 1 else help_text


def ways_for(refund: Refund) -> list[tuple[str, str]]:
    """Return the ways in which the money may go: as before, and stored value where policy offers it.

    What a marketplace holds never becomes value of ours.
    """
    terms = read_terms(refund.rma, by_itself=False)
    offered = {DESTINATIONS[each] for each in terms.rules.resolutions if each in DESTINATIONS}
    if not terms.tenders_for(Destination.STORE_CREDIT):
        offered = {Destination.TENDER}
    wanted = [each for each in WAYS if each in offered or each == refund.destination]
    return [(each.value, capfirst(WAYS[each])) for each in wanted]


def payments_for(refund: Refund) -> list[tuple[str, str]]:
    """Return the payments that can take the whole amount, the refund's own first, each with what is left of it."""
    payments = read_terms(refund.rma, by_itself=False).payments
    able = [tender for tender in tenders_of(payments.values()) if tender.remaining >= refund.amount]
    able.sort(key=lambda tender: tender.payment_id != refund.payment_id)
    found = []
    for tender in able:
        payment = payments[tender.payment_id]
        which = "The same" if payment.id == refund.payment_id else "Another:"
        gateway = payment.gateway.replace("_", " ").capitalize()
        left = Money(tender.remaining, payment.currency)
        found.append((str(payment.id), f"{which} {payment.tender} by {gateway}, {left} left"))
    return found

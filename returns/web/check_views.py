"""May this be returned? An order number, and for each line yes or no, until when, for how much, and why."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import DomainError
from retailops.lib.htmx import show
from retailops.lib.money import Money
from returns.fees import FeeLine, fees_of
from returns.inputs import EligibilityIn, OrderRef
from returns.models import Order
from returns.policy_words import in_words
from returns.selectors import orders_visible_to
from returns.services.eligibility import Eligibility, LineVerdict, assess
from returns.vocabulary import merchant_faults

CHOICES = 20


@dataclass(frozen=True)
class Row:
    """One line of the order: policy's verdict and what the customer would get for what is left of it."""

    verdict: LineVerdict
    fees: Money

    @property
    def refund(self) -> Money:
        """Return what would be refunded of the units that may come back, without shipping."""
        return self.verdict.amount - self.fees

    @property
    def left(self) -> bool:
        """Tell whether there is anything that could come back."""
        return self.verdict.returnable > 0


@login_required
@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """Show the form, and what policy says of the order that it names; the address holds the question."""
    actor = actor_of(request)
    require(actor, Permission.ORDERS_VIEW)
    text = request.GET.get("order", "").strip()[:120]
    orders = _orders(actor, text) if text else []
    context = {"text": text, "orders": orders, "asked": bool(text)}
    if len(orders) == 1:
        context |= _verdict(actor, orders[0])
    return show(request, "returns/check.html", context, fragments={"verdict": "returns/_check.html"})


def _orders(actor: Actor, text: str) -> list[Order]:
    """Return the orders that bear the text as number or as their channel's id; each by its own index."""
    visible = orders_visible_to(actor)
    ids = set(visible.filter(number=text).values_list("id", flat=True)[:CHOICES])
    ids |= set(visible.filter(external_id=text).values_list("id", flat=True)[:CHOICES])
    return list(visible.filter(id__in=ids).order_by("-placed_at")[:CHOICES])


def _verdict(actor: Actor, order: Order) -> dict[str, object]:
    try:
        found = assess(actor=actor, request=EligibilityIn(order=OrderRef(order_id=UUID(str(order.id)))))
    except DomainError as refusal:
        return {"order": order, "refusal": refusal.detail}
    rows = [_row(found, line) for line in found.lines]
    may = can(actor, Permission.RETURNS_REQUEST, region=order.region, brand=order.brand)
    return {
        "order": order,
        "found": found,
        "rows": rows,
        "timing": in_words("refund_timing", found.policy.rules.refund_timing).lower(),
        "may_request": may and any(row.left for row in rows),
    }


def _row(found: Eligibility, line: LineVerdict) -> Row:
    rules = line.policy.rules
    charged = FeeLine(line.line.net, line.line.quantity, line.units, "", rules.restocking_fee, rules.label_fee)
    fees = fees_of(
        [charged], kind="mail_in", currency=found.order.currency, at_fault=merchant_faults(), most=line.amount.amount
    )
    return Row(line, Money(fees, found.order.currency))

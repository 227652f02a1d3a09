"""Everything that the page of one order shows, read in a fixed number of queries."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet, Sum

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.money import Money
from returns.customer_access import customers_visible_to
from returns.enums import LIVE_REFUNDS, LIVE_STATUSES, RefundStatus
from returns.models import Customer, Order, OrderLine, Payment, Return, Shipment
from returns.selectors import returns_visible_to, status_shown
from returns.web.listing import with_sums

MOST_VERSIONS = 20


@dataclass(frozen=True)
class OrderPage:
    """One order with its parts, as the person may see them."""

    actor: Actor
    order: Order

    @cached_property
    def lines(self) -> QuerySet[OrderLine]:
        """Return the lines, each with how many units were asked back, arrived and were refunded."""
        alive = Q(return_lines__rma__status__in=LIVE_STATUSES)
        return self.order.lines.annotate(
            asked=Sum("return_lines__requested", filter=alive, default=0),
            came=Sum("return_lines__received", default=0),
            paid_back=Sum("return_lines__refunded", default=0),
        ).order_by("line_no")

    @cached_property
    def payments(self) -> list[Payment]:
        """Return the payments, each with what is refunded, reserved and left of it (minor units)."""
        paid = Q(refunds__status=RefundStatus.SUCCEEDED)
        live = Q(refunds__status__in=LIVE_REFUNDS)
        rows: QuerySet[Any] = self.order.payments.annotate(
            refunded=Sum("refunds__amount", filter=paid, default=0),
            held=Sum("refunds__amount", filter=live & ~paid, default=0),
        )
        found = list(rows.order_by("captured_at", "id"))
        for payment in found:
            payment.left = payment.captured - payment.charged_back - payment.refunded - payment.held
        return found

    @cached_property
    def totals(self) -> dict[str, Money]:
        """Return captured, refunded, charged back and left over all payments."""
        names = ("captured", "refunded", "held", "charged_back", "left")
        return {name: Money(sum(getattr(each, name) for each in self.payments), self.order.currency) for name in names}

    @cached_property
    def shipments(self) -> list[Shipment]:
        """Return the parcels that went out, in their order."""
        return list(self.order.shipments.order_by("shipped_at"))

    @cached_property
    def returns(self) -> list[Return]:
        """Return the order's returns that the person may see, each with its state and refund."""
        rows = with_sums(returns_visible_to(self.actor).filter(order=self.order)).order_by("-id")
        return shown(rows)

    @cached_property
    def customer(self) -> Customer | None:
        """Return who bought, if the person may see customers."""
        if self.order.customer_id is None or not can(self.actor, Permission.CUSTOMERS_VIEW):
            return None
        return customers_visible_to(self.actor).filter(pk=self.order.customer_id).first()

    @cached_property
    def versions(self) -> list[Event]:
        """Return the tellings of the order that were taken, and values that a person took over, the latest first."""
        rows = Event.objects.filter(subject_id=self.order.id, type__in=["order.captured", "order.corrected"])
        return list(rows.order_by("-position")[:MOST_VERSIONS])


def shown(rows: QuerySet[Return]) -> list[Return]:
    """Return the rows, each with the one word for where it stands."""
    found = list(rows)
    for rma in found:
        rma.shown = status_shown(rma)  # type: ignore[attr-defined]  # what the row's badge reads
    return found

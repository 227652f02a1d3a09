"""What marketplaces refund by themselves is observed here, once for each id of theirs, and never sent anywhere."""

from collections.abc import Sequence

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable
from retailops.lib.money import Money
from returns.access import access_order, access_order_by_channel, access_return
from returns.enums import RefundStatus
from returns.events import MarketplaceRefundObserved
from returns.inputs.marketplaces import ObservedRefundIn
from returns.models import ObservedRefund, Order, Payment, Refund
from returns.money_paths import is_observed
from returns.services.awaiting import closest, settle_by_observation
from returns.services.closing import finish
from returns.troubles import marketplace_unexpected


@transaction.atomic
def observe_refund(*, actor: Actor, observed: ObservedRefundIn) -> ObservedRefund:
    """Record a refund that a marketplace made, and settle ours that waits for it: of the same amount, else the oldest.

    Happens once for each id at a payment. Where nothing waits, a case says that money moved which nobody here decided;
    the next refund of the payment is settled by it. Raises NotFound (order), Unprocessable (no marketplace payment,
    or several and none named; another currency), Conflict (the id was told with another amount), Denied.
    """
    order = _order(actor, observed)
    payment = _payment(order, observed)
    known = ObservedRefund.objects.filter(payment=payment, external_id=observed.external_id).first()
    if known is not None:
        return _same(known, observed)
    told = _write(actor, payment, observed)
    refund = _waiting_for(actor, told)
    if refund is not None:
        settle_by_observation(actor, refund, told)
    _tell(actor, order, told)
    if refund is None:
        marketplace_unexpected(actor, order, told)
    else:
        finish(actor, refund.rma)
    return told


def _order(actor: Actor, observed: ObservedRefundIn) -> Order:
    ref = observed.order
    if ref.order_id is not None:
        order = access_order(actor, ref.order_id)
    else:
        order = access_order_by_channel(actor, ref.channel, ref.external_id)
    require(actor, Permission.REFUNDS_OBSERVE, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    return order


def _payment(order: Order, observed: ObservedRefundIn) -> Payment:
    rows = Payment.objects.select_for_update(no_key=True).filter(order=order).order_by("id")
    found: Sequence[Payment] = [each for each in rows if is_observed(each)]
    if observed.payment:
        found = [each for each in found if each.external_id == observed.payment]
    if len(found) != 1:
        which = "No payment of the order is a marketplace's" if not found else "Several payments are: name one"
        raise Unprocessable(f"{which}.", code="unknown-payment")
    if found[0].currency != observed.currency:
        raise Unprocessable(f"The payment is in {found[0].currency}.", code="other-currency")
    return found[0]


def _same(known: ObservedRefund, observed: ObservedRefundIn) -> ObservedRefund:
    if known.amount != observed.amount:
        was = Money(known.amount, known.currency)
        raise Conflict(f"{known.external_id} was told before, of {was}.", code="id-reused")
    return known


def _write(actor: Actor, payment: Payment, observed: ObservedRefundIn) -> ObservedRefund:
    return ObservedRefund.objects.create(
        payment=payment,
        external_id=observed.external_id,
        amount=observed.amount,
        currency=observed.currency,
        observed_at=observed.observed_at,
        actor=actor.key,
    )


def _waiting_for(actor: Actor, told: ObservedRefund) -> Refund | None:
    """Return the refund that waits for such a word, its return locked; its payment is."""
    rows = Refund.objects.filter(payment_id=told.payment_id, status=RefundStatus.PENDING, observation=None)
    found = closest(rows.select_related("payment").order_by("submitted_at", "id"), told.amount)
    if found is not None:
        found.rma = access_return(actor, found.rma_id, Permission.ORDERS_VIEW, lock=True)
    return found


def _tell(actor: Actor, order: Order, told: ObservedRefund) -> None:
    fact = MarketplaceRefundObserved(
        observation_id=str(told.id),
        payment_id=str(told.payment_id),
        order_id=str(order.id),
        external_id=told.external_id,
        amount=told.amount,
        currency=told.currency,
        refund_id=str(told.refund_id or ""),
    )
    publish(fact, subject=order.as_subject(), actor=actor, occurred_at=told.observed_at)

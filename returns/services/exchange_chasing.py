"""Look after exchanges that wait for something that may not come: their old goods, or the new ones that were held."""

from uuid import UUID

from django.db import transaction

from inventory.enums import ReservationStatus
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from returns.enums import ExchangeStatus
from returns.models import ExchangeLine
from returns.services.arriving import awaited
from returns.services.closing import finish
from returns.services.exchange_progress import lose_stock
from returns.services.locking import lock_exchange
from returns.troubles import exchanges as troubles

X = ExchangeStatus
LOST = (ReservationStatus.BROKEN, ReservationStatus.EXPIRED, ReservationStatus.RELEASED)


@transaction.atomic
def chase_exchange(actor: Actor, exchange_id: UUID) -> None:
    """Look after an exchange in advance that is due: its goods came, or a recovery case opens. Due only once."""
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_VIEW)
    if exchange.exposure_due_at is None or exchange.exposure_due_at > now():
        return
    exchange.exposure_due_at = None
    exchange.save(update_fields=["exposure_due_at"])
    rows = exchange.lines.select_related("line")
    if any(awaited(row.line) > 0 for row in rows):
        troubles.exchange_overdue(actor, exchange)
        finish(actor, exchange.rma)


def without_stock() -> list[UUID]:
    """Return the exchanges that count on goods which are no longer held."""
    counting = (X.RESERVED, X.AWAITING_PAYMENT)
    rows = ExchangeLine.objects.filter(reservation__status__in=LOST, exchange__status__in=counting)
    return list(rows.order_by("exchange_id").values_list("exchange_id", flat=True).distinct())


@transaction.atomic
def look_after_stock(actor: Actor, exchange_id: UUID) -> bool:
    """Have the exchange reserve anew if its goods are no longer held; tell whether it was so."""
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_VIEW)
    if exchange.status not in (X.RESERVED, X.AWAITING_PAYMENT):
        return False
    reasons = exchange.lines.filter(reservation__status__in=LOST).values_list("reservation__reason", flat=True)
    why = reasons.first()
    if why is None:
        return False
    lose_stock(exchange, why)
    finish(actor, exchange.rma)
    return True

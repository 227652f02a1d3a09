"""What the warehouse says of an exchange: that its goods went, or that they cannot."""

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from inventory.enums import Disposition
from inventory.services import MoveIn, book_moves, use_up
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from retailops.lib.fsm import fire
from returns.enums import ExchangeStatus
from returns.events import ExchangeShipmentFailed, ExchangeShipped
from returns.inputs.exchanges import ShipmentOut
from returns.models import Exchange, ExchangeLine, Return, ReturnLine
from returns.services.closing import finish
from returns.services.exchange_progress import follow_exchanges
from returns.services.exchange_telling import end_troubles, tell
from returns.services.locking import lock_exchange
from returns.services.refunds import refund_by_policy
from returns.services.warranty_following import replaced_by
from returns.troubles import exchanges as troubles

X = ExchangeStatus


@transaction.atomic
def ship_exchange(*, actor: Actor, exchange_id: UUID, shipment: ShipmentOut) -> Exchange:
    """Record that the new goods went: held stock leaves the house, the units count as exchanged, or as replaced
    where it makes a warranty good. Idempotent.

    Of one that has ended otherwise a case opens, because the customer may get both. Raises TransitionRefused unless it
    was released, Denied, NotFound.
    """
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_RECEIVE)
    if exchange.status == X.SHIPPED:
        return exchange
    if exchange.status in (X.CONVERTED, X.CANCELED):
        troubles.exchange_contradicted(actor, exchange, shipment.external_reference)
        finish(actor, exchange.rma)
        return exchange
    fire(exchange.ship)
    exchange.shipped_at = shipment.shipped_at or now()
    exchange.external_reference = shipment.external_reference
    exchange.carrier, exchange.tracking, exchange.failure = shipment.carrier, shipment.tracking, ""
    exchange.save()
    _take_out(actor, exchange)
    count_exchanged(exchange.rma)
    tell(actor, ExchangeShipped, exchange)
    replaced_by(actor, exchange)
    follow_exchanges(exchange.rma)
    refund_by_policy(exchange.rma)
    # After what it settles: the end of a case may close the return.
    end_troubles(actor, exchange, "Its goods went.", "exchange_unrouted", "exchange_not_shipped", "exchange_stock_lost")
    finish(actor, exchange.rma)
    exchange.refresh_from_db(fields=["settled_at", "exposure_due_at", "proposal"])
    return exchange


def _take_out(actor: Actor, exchange: Exchange) -> None:
    """Book the goods out: what is held from its reservation, else from what is free; what is nowhere is a case."""
    rows = list(exchange.lines.select_related("reservation").order_by("id"))
    keys = {row.reservation_id: _key(row) for row in rows if row.reservation_id}
    used = use_up(actor, keys)
    for row in rows:
        if row.reservation_id in used:
            continue
        try:
            with transaction.atomic():
                book_moves(actor=actor, moves=[_move(exchange, row)])
        except Conflict:
            troubles.exchange_stock_differs(actor, exchange, f"{row.wanted_quantity} × {row.wanted_sku}")


def _key(row: ExchangeLine) -> str:
    return f"ship:{row.exchange_id}:{row.pk}"


def _move(exchange: Exchange, row: ExchangeLine) -> MoveIn:
    subject = exchange.as_subject()
    return MoveIn(
        effect_key=_key(row),
        sku=row.wanted_sku,
        quantity=row.wanted_quantity,
        source=Disposition.SELLABLE,
        target=Disposition.EXTERNAL,
        location=exchange.location,
        subject_type=subject.type,
        subject_id=subject.id,
        correlation_id=subject.correlation_id,
        lane=subject.lane,
        region=subject.region,
        brand=subject.brand,
        channel=subject.channel,
        reason="shipped",
    )


def count_exchanged(rma: Return) -> None:
    """Bring `exchanged` of every line of the locked return up to date: units whose exchange was shipped.

    Those of a warranty count as replaced instead.
    """
    rows = ExchangeLine.objects.filter(exchange__rma=rma, exchange__status=X.SHIPPED, exchange__assessment=None)
    units = dict(rows.values_list("line_id").annotate(Sum("quantity")))
    lines = list(rma.lines.all())
    for line in lines:
        line.exchanged = units.get(line.id, 0)
    ReturnLine.objects.bulk_update(lines, ["exchanged"])


@transaction.atomic
def fail_exchange_shipment(*, actor: Actor, exchange_id: UUID, failure: str) -> Exchange:
    """The warehouse cannot ship it: a case opens, and it may be converted or canceled. Idempotent.

    Of one that was shipped or has ended nothing changes. Raises Denied, NotFound.
    """
    exchange = lock_exchange(actor, exchange_id, Permission.RETURNS_RECEIVE)
    if exchange.status != X.RELEASED or exchange.failure:
        return exchange
    exchange.failure = failure.strip()[:300] or "refused by the warehouse"
    exchange.save(update_fields=["failure"])
    tell(actor, ExchangeShipmentFailed, exchange, exchange.failure)
    troubles.exchange_not_shipped(actor, exchange)
    finish(actor, exchange.rma)
    return exchange

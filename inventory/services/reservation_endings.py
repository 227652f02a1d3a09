"""End held reservations, each with its event. Their balances are locked by the caller."""

from collections.abc import Sequence
from typing import Any

from inventory.enums import ReservationStatus
from inventory.events import ReservationBroken, ReservationFact
from inventory.models import Reservation, StockBalance
from retailops.accounts.actor import Actor
from retailops.events.publish import append, compose
from retailops.lib.fsm import fire


def end_reservations(
    actor: Actor, held: Sequence[Reservation], step: str, kind: type[ReservationFact], reason: str
) -> None:
    """Fire the transition of that name on each, save it and tell it. Raises TransitionRefused for one that ended."""
    for reservation in held:
        fire(getattr(reservation, step))
        reservation.reason = reason[:200]
        reservation.save(update_fields=["status", "ended_at", "reason"])
    tell_reservations(actor, kind, held)


def tell_reservations(actor: Actor, kind: type[ReservationFact], rows: Sequence[Reservation]) -> None:
    """Publish one event for each reservation (location loaded)."""
    events: list[Any] = []
    lanes = {}
    for row in rows:
        event = compose(_fact(kind, row), subject=row.as_subject(), actor=actor, words=row.reason)
        events.append(event)
        lanes[event.id] = row.as_subject().lane
    append(events, lanes)


def break_reservations(actor: Actor, balance: StockBalance, lost: int, reason: str) -> None:
    """Break reservations of the locked balance, the latest first, until `lost` held units are free of any.

    A reservation is broken whole: what a subject was promised it has, or has not.
    """
    broken: list[Reservation] = []
    for held in held_at(balance):
        if lost <= 0:
            break
        broken.append(held)
        lost -= held.quantity
    end_reservations(actor, broken, "lose_stock", ReservationBroken, reason)


def held_at(balance: StockBalance) -> list[Reservation]:
    """Return the held reservations of a balance, locked, the latest first."""
    rows = Reservation.objects.select_for_update(of=("self",)).select_related("location")
    rows = rows.filter(sku=balance.sku, location_id=balance.location_id, status=ReservationStatus.HELD)
    return list(rows.order_by("-id"))


def _fact(kind: type[ReservationFact], row: Reservation) -> ReservationFact:
    return kind(
        reservation_id=str(row.id),
        sku=row.sku,
        quantity=row.quantity,
        location=row.location.code,
        subject_type=row.subject_type,
        subject_id=str(row.subject_id),
    )

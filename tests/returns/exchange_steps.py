"""Steps of exchanges for the machine of returns: from proposed to shipped, converted or canceled, in any order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from inventory.enums import ReservationStatus
from inventory.models import Reservation
from inventory.sweeps import expire_reservations
from retailops.lib.clock import now
from returns import sweeps
from returns.models import Exchange, Order, Return
from returns.services import exchange_shipping, exchanges
from tests.factories import SYSTEM
from tests.returns.exchanging import paid, proposal, shipped, stock_up

pick = st.integers(0, 5)
NEW = "NEW-GOODS"


class ExchangeSteps:
    """What may be done to the exchanges of an order; mixed into its machine."""

    order: Order
    location: str
    attempt: Callable[..., None]
    a_return: Callable[[int], Return | None]

    def an_exchange(self, pick: int) -> Exchange | None:
        """Return one of the exchanges."""
        rows = list(Exchange.objects.filter(rma__order=self.order).order_by("id"))
        return rows[pick % len(rows)] if rows else None

    @rule(units=st.integers(1, 3), lost=st.booleans())
    def deliver(self, units: int, lost: bool) -> None:
        """New goods come, or are found to be damaged though somebody holds them."""
        ends = ("sellable", "damaged") if lost else ("external", "sellable")
        self.attempt(stock_up, self.location, NEW, units, *ends)

    @rule(
        pick=pick, line=st.integers(1, 2), units=st.integers(1, 2), price=st.sampled_from([None, 0, 500, 1200, 3000]),
        reserve=st.booleans(),
    )  # fmt: skip
    def exchange(self, pick: int, line: int, units: int, price: int | None, reserve: bool) -> None:
        """Propose an exchange or a replacement."""
        rma = self.a_return(pick)
        if rma:
            sku = NEW if price is not None else rma.lines.filter(line_no=line).values_list("sku", flat=True).first()
            wanted = proposal(sku or NEW, price, quantity=units, line_no=line, reserve=reserve, reason="asked")
            self.attempt(exchanges.propose_exchange, actor=SYSTEM, return_id=rma.id, proposal=wanted)

    @rule(pick=pick)
    def hold(self, pick: int) -> None:
        """Reserve its goods."""
        self._step(pick, exchanges.reserve_exchange)

    @rule(pick=pick, amount=st.one_of(st.none(), st.integers(1, 400)))
    def pay(self, pick: int, amount: int | None) -> None:
        """Record a payment: the whole balance, or a part of it."""
        exchange = self.an_exchange(pick)
        if exchange and (amount or exchange.balance > 0):
            number = exchange.payments.count()
            self.attempt(paid, exchange, amount or 0, reference=f"pi_{exchange.id}_{number}")

    @rule(pick=pick)
    def release(self, pick: int) -> None:
        """Let its goods go."""
        self._step(pick, exchanges.release_exchange)

    @rule(pick=pick, fails=st.booleans())
    def warehouse(self, pick: int, fails: bool) -> None:
        """The warehouse ships it, or cannot; perhaps late, perhaps twice."""
        exchange = self.an_exchange(pick)
        if exchange and fails:
            self._step(pick, exchange_shipping.fail_exchange_shipment, failure="wet")
        elif exchange:
            self.attempt(shipped, exchange)

    @rule(pick=pick, to=st.sampled_from(["refund", "store_credit", ""]))
    def end(self, pick: int, to: str) -> None:
        """Convert or cancel it."""
        if to:
            self._step(pick, exchanges.convert_exchange, to=to, reason="changed mind")
        else:
            self._step(pick, exchanges.cancel_exchange, reason="changed mind")

    @rule()
    def time_passes(self) -> None:
        """What is held, and what is due, comes to its time."""
        past = now() - timedelta(seconds=1)
        Reservation.objects.filter(status=ReservationStatus.HELD, expires_at__isnull=False).update(expires_at=past)
        Exchange.objects.filter(exposure_due_at__isnull=False).update(exposure_due_at=past)
        for sweep in (expire_reservations, sweeps.look_for_lost_stock, sweeps.chase_overdue_exchanges):
            sweep()

    def _step(self, pick: int, command: Callable[..., Any], **more: Any) -> None:
        exchange = self.an_exchange(pick)
        if exchange:
            self.attempt(command, actor=SYSTEM, exchange_id=exchange.id, **more)

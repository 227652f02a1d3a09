"""Steps of the state machine with stored value and marketplaces: credits, gifts, payments, take-backs, observations."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from retailops.lib.clock import now
from returns.enums import Destination
from returns.inputs import OrderRef
from returns.inputs.marketplaces import ObservedRefundIn
from returns.inputs.stored_value import GiftIn, RedemptionIn
from returns.models import Order, Refund, StoredAccount, StoredEntry
from returns.services import refunds
from returns.services.giving_value import give_stored_value
from returns.services.observing import observe_refund
from returns.services.redeeming import redeem_stored_value
from returns.services.voiding import void_account, void_entry
from returns.sweeps import lapse_overdue
from tests.factories import SYSTEM, make_return

pick = st.integers(0, 5)


class StoredValueSteps:
    """What may happen to stored value and to money of marketplaces; mixed into the machine of returns."""

    order: Order
    attempt: Callable[..., None]
    a_refund: Callable[[int], Refund | None]

    def an_entry(self, pick: int) -> StoredEntry | None:
        """Return one of the entries."""
        rows = list(StoredEntry.objects.order_by("id"))
        return rows[pick % len(rows)] if rows else None

    @rule(
        one=st.integers(0, 3),
        two=st.integers(0, 2),
        how=st.sampled_from(["store_credit", "gift_card"]),
        rest=st.booleans(),
    )
    def ask_for_credit(self, one: int, two: int, how: str, rest: bool) -> None:
        """Request a return for stored value, perhaps with one line for a refund."""
        wanted: list[dict[str, Any]] = []
        if one:
            wanted.append({"line_no": 1, "quantity": one, "resolution": how})
        if two:
            wanted.append({"line_no": 2, "quantity": two, "resolution": "refund" if rest else how})
        if wanted:
            self.attempt(make_return, self.order, lines=wanted)

    @rule(amount=st.integers(1, 900), card=st.booleans(), key=st.sampled_from(["a", "b"]))
    def give(self, amount: int, card: bool, key: str) -> None:
        """Give the customer something."""
        kind = "gift_card" if card else "store_credit"
        gift = GiftIn(kind=kind, order_id=self.order.id, amount=amount, reason="late", key=key)
        self.attempt(give_stored_value, actor=SYSTEM, gift=gift)

    @rule(pick=pick, amount=st.integers(1, 1500), reference=st.sampled_from(["r1", "r2", "r3"]))
    def spend(self, pick: int, amount: int, reference: str) -> None:
        """Pay with stored value, perhaps twice under one reference."""
        rows = list(StoredAccount.objects.order_by("id"))
        if rows:
            account = rows[pick % len(rows)]
            redemption = RedemptionIn(account_id=account.id, amount=amount, currency="GBP", reference=reference)
            self.attempt(redeem_stored_value, actor=SYSTEM, redemption=redemption)

    @rule(pick=pick, whole=st.booleans())
    def take_back(self, pick: int, whole: bool) -> None:
        """Undo an entry or end its account."""
        entry = self.an_entry(pick)
        if entry and whole:
            self.attempt(void_account, actor=SYSTEM, account_id=entry.account_id, reason="lost")
        elif entry:
            self.attempt(void_entry, actor=SYSTEM, entry_id=entry.id, reason="mistake")

    @rule(pick=pick)
    def time_passes(self, pick: int) -> None:
        """An account's time is over."""
        entry = self.an_entry(pick)
        if entry:
            StoredAccount.objects.filter(pk=entry.account_id).update(expires_at=now() - timedelta(seconds=1))
            self.attempt(lapse_overdue)

    @rule(pick=pick, amount=st.one_of(st.none(), st.integers(1, 6000)), told=st.sampled_from(["m1", "m2", "m3"]))
    def marketplace_tells(self, pick: int, amount: int | None, told: str) -> None:
        """A marketplace tells of a refund, perhaps of another amount, perhaps again."""
        refund = self.a_refund(pick)
        observed = ObservedRefundIn(
            order=OrderRef(order_id=self.order.id),
            external_id=told,
            amount=amount or (refund.amount if refund else 1000),
            currency="GBP",
            observed_at=now(),
        )
        self.attempt(observe_refund, actor=SYSTEM, observed=observed)

    @rule(pick=pick, where=st.sampled_from(list(Destination)))
    def pay_another_way(self, pick: int, where: Destination) -> None:
        """Pay a refund that ended by another way."""
        refund = self.a_refund(pick)
        if refund:
            self.attempt(
                refunds.supersede_refund, actor=SYSTEM, refund_id=refund.id, reason="fallback", destination=where
            )

"""Money and stored value on real connections: whoever comes at the same moment, it moves once."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from retailops.cases import services as cases
from retailops.cases.models import Approval
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, DomainError
from returns.inputs import OrderRef
from returns.inputs.marketplaces import ObservedRefundIn
from returns.inputs.stored_value import GiftIn, RedemptionIn
from returns.models import ObservedRefund, Refund, StoredAccount, StoredEntry
from returns.services import giving_value, refunds
from returns.services.giving_value import Given, give_stored_value
from returns.services.observing import observe_refund
from returns.services.redeeming import redeem_stored_value
from tests.factories import (
    SYSTEM,
    ensure_policy,
    make_inspected_return,
    make_order,
    make_user,
    order_data,
    role_actor,
    unique,
)
from tests.returns.proofs import prove
from tests.returns.refunding import owed_return, refunds_of
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_rule_10_two_proposals_at_once_reserve_once() -> None:
    rma = owed_return(make_order(), {1: 3})
    propose = partial(refunds.propose_refund, actor=SYSTEM, return_id=rma.id)
    refused = [each for each in together(propose, propose) if isinstance(each, DomainError)]
    assert [each.code for each in refused] == ["nothing-due"]
    assert refunds_of(rma) == [(3000, "denied"), (3000, "pending_approval")]
    prove()


def test_a_balance_is_redeemed_once() -> None:
    ensure_policy(stored_value={"gift_limit": {"*": None}})
    order = make_order()
    account = give_stored_value(
        actor=SYSTEM, gift=GiftIn(order_id=order.id, amount=1000, reason="late", key="k")
    ).account

    def redeem(reference: str) -> StoredEntry:
        redemption = RedemptionIn(account_id=account.id, amount=600, currency="GBP", reference=reference)
        return redeem_stored_value(actor=SYSTEM, redemption=redemption)

    results = together(*[partial(redeem, unique()) for _ in range(4)])
    assert [each.code for each in results if isinstance(each, DomainError)] == ["exceeds-balance"] * 3
    account.refresh_from_db()
    assert account.balance == 400
    prove()


def test_a_word_on_a_gift_and_giving_again_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives again holds the account when it asks; whoever agrees must not hold the request by then."""
    ensure_policy(stored_value={"gift_limit": {"*": 0}})
    order = make_order()
    clerk = role_actor("ops_lead")
    asked = give_stored_value(actor=clerk, gift=GiftIn(order_id=order.id, amount=500, reason="late", key="one"))
    assert asked.approval is not None
    both = Barrier(2)

    def after_both_hold_something(command: Callable[..., Any]) -> Callable[..., Any]:
        def waiting(*args: Any, **named: Any) -> Any:
            with suppress(BrokenBarrierError):  # the other one was made to wait before it came here: as it should
                both.wait(timeout=2)
            return command(*args, **named)

        return waiting

    monkeypatch.setattr(giving_value, "take_gift", after_both_hold_something(giving_value.take_gift))
    ask = after_both_hold_something(cases.request_approval)
    monkeypatch.setattr(cases, "request_approval", ask)
    second = make_user("finance_approver").actor()
    agreed, given = together(
        partial(cases.approve, second, asked.approval.id, "fair"),
        partial(give_stored_value, actor=clerk, gift=GiftIn(order_id=order.id, amount=700, reason="late", key="two")),
    )
    assert isinstance(agreed, Approval)
    # It came second: the first word was used by then. Or first: then one request at a time, and it is told so.
    assert isinstance(given, Given | Conflict)
    assert StoredEntry.objects.get().amount == 500
    assert Approval.objects.get(pk=asked.approval.id).status == "consumed"
    prove()


def test_credits_at_the_same_moment_open_one_account() -> None:
    ensure_policy(resolutions=["refund", "store_credit"])
    order = make_order()
    lines = [{"line_no": 1, "quantity": 1, "resolution": "store_credit"}]
    results = together(*[partial(make_inspected_return, order, lines=lines) for _ in range(3)])
    assert [each for each in results if isinstance(each, DomainError)] == []
    assert list(StoredAccount.objects.values_list("balance", "booked")) == [(3000, 3)]
    prove()


def test_one_observation_told_many_times_settles_once() -> None:
    data = order_data()
    data["payments"][0] |= {"tender": "marketplace", "gateway": "amazon"}
    order = make_order(**data)
    make_inspected_return(order, {1: 1}, kind="marketplace")
    told = ObservedRefundIn(
        order=OrderRef(order_id=order.id), external_id="MP", amount=1000, currency="GBP", observed_at=now()
    )
    results = together(*[partial(observe_refund, actor=SYSTEM, observed=told)] * 4)
    assert [each for each in results if isinstance(each, DomainError)] == []
    assert ObservedRefund.objects.count() == 1
    assert Refund.objects.get().status == "succeeded"
    prove()

"""Store credit and gift cards: credited once, restored to where they came from, never below nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, Case
from retailops.cases.services import approve
from retailops.events.models import Delivery, Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, NotFound, Unprocessable
from retailops.lib.fsm import TransitionRefused
from returns.enums import Destination
from returns.inputs import RefundProposalIn
from returns.inputs.stored_value import GiftIn, RedemptionIn
from returns.models import CreditMemo, Order, Payment, Refund, Return, StoredAccount, StoredEntry
from returns.services import credit_memos, refund_outcomes, refunds
from returns.services.giving_value import GIFT_KIND, give_stored_value
from returns.services.redeeming import digest, give_code, redeem_stored_value
from returns.services.voiding import void_account, void_entry
from returns.sweeps import lapse_overdue
from tests.factories import (
    SYSTEM,
    ensure_policy,
    everyone_with,
    fresh,
    line_data,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    make_user,
    order_data,
    unique,
)
from tests.returns.proofs import prove
from tests.returns.refunding import events_of, parts, refunds_of

pytestmark = pytest.mark.django_db

CREDIT = ["refund", "store_credit", "gift_card", "none"]


def asked(order: Order, *wanted: tuple[int, int, str], **fields: Any) -> Return:
    """Return a return of (order line, units, resolution), everything of it received and accepted."""
    lines = [{"line_no": number, "quantity": units, "resolution": how} for number, units, how in wanted]
    rma = make_return(order, lines=lines, **fields)
    make_receipt(rma)
    make_inspection(rma)
    return fresh(rma)


def entries(account: StoredAccount) -> list[tuple[str, int, int]]:
    """Return kind, amount and balance of the account's entries."""
    return list(account.entries.values_list("kind", "amount", "balance_after"))


def gift(order: Order, amount: int = 500, **fields: Any) -> GiftIn:
    """Return a gift to the customer of an order."""
    return GiftIn(order_id=order.id, amount=amount, reason="late parcel", key=fields.pop("key", unique()), **fields)


def account_with(amount: int, order: Order | None = None, **fields: Any) -> StoredAccount:
    """Return an account that holds the amount."""
    ensure_policy(stored_value={"gift_limit": {"*": None}})
    return give_stored_value(actor=SYSTEM, gift=gift(order or make_order(), amount, **fields)).account


def redeemed_order(account: StoredAccount, amount: int, *, card: int = 0) -> Order:
    """Return an order of one unit, paid out of the account and the rest by card."""
    reference = unique("redeem-")
    redemption = RedemptionIn(account_id=account.id, amount=amount, currency="GBP", reference=reference)
    redeem_stored_value(actor=SYSTEM, redemption=redemption)
    data = order_data(lines=[line_data("L1", quantity=1, unit_price=amount + card)])
    moment = now() - timedelta(days=9)
    data["payments"] = [
        {"external_id": reference, "gateway": "stored_value", "tender": account.kind, "captured": amount,
         "captured_at": moment},
    ]  # fmt: skip
    if card:
        data["payments"] += [
            {"external_id": unique("pi_"), "gateway": "stripe", "captured": card, "captured_at": moment + timedelta(1)}
        ]
    account.refresh_from_db()
    return make_order(**data)


def test_store_credit_is_credited_when_policy_says_and_nothing_goes_to_the_gateway() -> None:
    ensure_policy(resolutions=CREDIT)
    order = make_order()
    rma = asked(order, (1, 2, "store_credit"))
    refund = rma.refunds.get()
    assert (refund.amount, refund.status, refund.destination, refund.bonus) == (2000, "succeeded", "store_credit", 0)
    account = StoredAccount.objects.get()
    assert (account.balance, account.customer_id, account.currency) == (2000, order.customer_id, "GBP")
    assert entries(account) == [("issue", 2000, 2000)]
    assert events_of(refund) == ["refund.proposed", "refund.approved", "refund.succeeded"]
    assert not Delivery.objects.filter(operation="refund.create").exists()
    assert (rma.money, rma.lines.get().refunded) == ("refunded", 2)
    assert CreditMemo.objects.get(refund=refund).amount == 2000
    told = Event.objects.get(type="stored_value.issued")
    assert (told.data["amount"], told.data["balance"], told.data["refund_id"]) == (2000, 2000, str(refund.id))
    prove()


def test_the_memo_closes_a_credited_return() -> None:
    ensure_policy(resolutions=CREDIT)
    rma = asked(make_order(), (1, 1, "store_credit"))
    assert rma.status == "authorized"
    for case in Case.objects.filter(kind="memo_unrouted"):
        assert case.status == "open"
    credit_memos.record_credit_memo(actor=SYSTEM, memo_id=CreditMemo.objects.get().id, external_reference="CM-1")
    assert fresh(rma).status == "closed"
    prove()


def test_a_unit_is_credited_once_and_later_units_go_to_the_same_account() -> None:
    ensure_policy(resolutions=CREDIT)
    order = make_order()
    asked(order, (1, 1, "store_credit"))
    rma = asked(order, (1, 1, "store_credit"))
    with pytest.raises(Unprocessable):
        refunds.propose_refund(actor=SYSTEM, return_id=rma.id)
    assert entries(StoredAccount.objects.get()) == [("issue", 1000, 1000), ("issue", 1000, 2000)]
    prove()


def test_timing_of_policy_holds_for_credit() -> None:
    ensure_policy(resolutions=CREDIT, refund_timing="on_receipt")
    rma = make_return(make_order(), lines=[{"line_no": 1, "quantity": 1, "resolution": "store_credit"}])
    assert not StoredAccount.objects.exists()
    make_receipt(rma)
    assert StoredAccount.objects.get().balance == 1000


def test_credit_above_the_limit_waits_for_a_second_person() -> None:
    ensure_policy(resolutions=CREDIT, auto_approve_limit={"*": 999})
    rma = asked(make_order(), (1, 1, "store_credit"))
    refund = rma.refunds.get()
    assert refund.status == "pending_approval"
    assert not StoredEntry.objects.exists()
    approver = make_user("finance_approver").actor()
    refunds.approve_refund(actor=approver, refund_id=refund.id)
    assert StoredAccount.objects.get().balance == 1000
    with pytest.raises(Conflict):
        refunds.approve_refund(actor=approver, refund_id=refund.id)
    prove()


def test_a_denied_credit_frees_its_money() -> None:
    ensure_policy(resolutions=CREDIT, auto_approve_limit={"*": 0})
    rma = asked(make_order(), (1, 1, "gift_card"))
    refunds.deny_refund(actor=make_user("finance_approver").actor(), refund_id=rma.refunds.get().id, reason="no")
    assert refunds_of(rma) == [(1000, "denied")]
    assert not StoredAccount.objects.exists()
    prove()


def test_a_bonus_is_a_part_of_its_own_beyond_the_ceiling() -> None:
    ensure_policy(resolutions=CREDIT, stored_value={"bonus_percent": "10"})
    data = order_data(lines=[line_data("L1", quantity=3, unit_price=333)])
    order = make_order(**data)
    rma = asked(order, (1, 3, "store_credit"))
    refund = rma.refunds.get()
    assert (refund.amount, refund.bonus, parts(refund)) == (999, 100, {"item": 999, "bonus": 100})
    assert entries(StoredAccount.objects.get()) == [("issue", 999, 999), ("bonus", 100, 1099)]
    assert CreditMemo.objects.get(refund=refund).amount == 1099
    assert sum(Payment.objects.filter(order=order).values_list("captured", flat=True)) == 999
    prove()


def test_bonuses_of_parts_sum_to_the_bonus_of_the_whole() -> None:
    ensure_policy(resolutions=CREDIT, stored_value={"bonus_percent": "10"})
    order = make_order(**order_data(lines=[line_data("L1", quantity=3, unit_price=333)]))
    for _ in range(3):
        asked(order, (1, 1, "store_credit"))
    assert list(Refund.objects.order_by("id").values_list("bonus", flat=True)) == [34, 33, 33]
    prove()


def test_credit_and_refund_of_one_return_go_each_their_way() -> None:
    ensure_policy(resolutions=CREDIT)
    order = make_order(**order_data(shipping_charged=500))
    rma = asked(order, (1, 3, "store_credit"), (2, 1, "refund"))
    found = {refund.destination: (refund.amount, refund.status) for refund in rma.refunds.all()}
    assert found == {"store_credit": (3000, "succeeded"), "tender": (3050, "submitting")}
    assert rma.money == "pending"
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=rma.refunds.get(destination="tender").id)
    assert fresh(rma).money == "refunded"
    prove()


def test_credit_counts_against_what_was_captured() -> None:
    ensure_policy(resolutions=CREDIT)
    order = make_order()
    asked(order, (1, 3, "store_credit"), (2, 1, "gift_card"))
    payment = Payment.objects.get(order=order)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(
            rma=order.returns.get(), payment=payment, amount=1, currency="GBP", requested_by="x", facts={"permitted": 1}
        )
    assert sum(Refund.objects.values_list("amount", flat=True)) == payment.captured


def test_a_gift_card_is_one_a_return_and_has_its_code_shown_once() -> None:
    ensure_policy(resolutions=CREDIT, stored_value={"gift_card_days": 365})
    rma = make_return(make_order(), lines=[{"line_no": 1, "quantity": 2, "resolution": "gift_card"}])
    for _ in range(2):
        make_receipt(rma, {1: 1})
        make_inspection(rma)
    card = StoredAccount.objects.get()
    assert (card.kind, card.balance, card.code_hash) == ("gift_card", 2000, "")
    assert card.expires_at is not None
    assert card.expires_at.date() == (now() + timedelta(days=365)).date()
    card, code = give_code(actor=SYSTEM, account_id=card.id)
    assert (card.last_four, card.code_hash) == (code[-4:], digest(code))
    assert code not in str(list(Event.objects.values_list("data", flat=True)))
    redemption = RedemptionIn(code=code.lower(), amount=700, currency="GBP", reference="basket-1")
    assert redeem_stored_value(actor=SYSTEM, redemption=redemption).balance_after == 1300
    _, newer = give_code(actor=SYSTEM, account_id=card.id)
    assert newer != code
    with pytest.raises(NotFound):
        redeem_stored_value(actor=SYSTEM, redemption=redemption.model_copy(update={"reference": "basket-2"}))
    prove()


def test_an_order_without_a_customer_keeps_its_own_credit() -> None:
    ensure_policy(resolutions=CREDIT)
    order = make_order(customer=None)
    asked(order, (1, 1, "store_credit"))
    account = StoredAccount.objects.get()
    assert (account.order_id, account.customer_id, account.balance) == (order.id, None, 1000)


def test_redeeming_happens_once_and_never_below_nothing() -> None:
    account = account_with(1000)
    redemption = RedemptionIn(account_id=account.id, amount=600, currency="GBP", reference="b1")
    first = redeem_stored_value(actor=SYSTEM, redemption=redemption)
    assert redeem_stored_value(actor=SYSTEM, redemption=redemption).id == first.id
    with pytest.raises(Conflict):
        redeem_stored_value(actor=SYSTEM, redemption=redemption.model_copy(update={"amount": 5}))
    with pytest.raises(Unprocessable) as refused:
        redeem_stored_value(actor=SYSTEM, redemption=redemption.model_copy(update={"reference": "b2"}))
    assert (refused.value.code, refused.value.extra["left"]) == ("exceeds-balance", 400)
    other = redemption.model_copy(update={"reference": "b3", "currency": "EUR", "amount": 1})
    with pytest.raises(Unprocessable):
        redeem_stored_value(actor=SYSTEM, redemption=other)
    assert entries(account) == [("issue", 1000, 1000), ("redeem", -600, 400)]
    prove()


def test_what_a_gift_card_paid_goes_back_to_that_card() -> None:
    card = account_with(1500, kind="gift_card")
    order = redeemed_order(card, 1500, card=500)
    rma = asked(order, (1, 1, "refund"))
    assert [(r.payment.tender, r.amount, r.status) for r in rma.refunds.select_related("payment").order_by("id")] == [
        ("gift_card", 1500, "succeeded"),
        ("card", 500, "submitting"),
    ]
    assert entries(card)[-1] == ("restore", 1500, 1500)
    prove()


@pytest.mark.parametrize(
    ("tender_order", "expected"),
    [
        ("proportional", {"gift_card": 750, "card": 250}),
        ("first", {"gift_card": 1000}),
        ("last", {"card": 500, "gift_card": 500}),
    ],
)
def test_split_tenders_follow_policy_with_a_gift_card_among_them(tender_order: str, expected: dict[str, int]) -> None:
    card = account_with(1500, kind="gift_card")
    order = redeemed_order(card, 1500, card=500)
    ensure_policy(tender_order=tender_order, restocking_fee={"percent": "50"})
    rma = asked(order, (1, 1, "refund"))
    found = {refund.payment.tender: refund.amount for refund in rma.refunds.select_related("payment")}
    assert found == expected
    card.refresh_from_db()
    assert card.balance == expected["gift_card"]
    prove()


def test_a_dead_card_fails_its_part_alone_and_a_fallback_needs_a_reason_and_a_second_person() -> None:
    card = account_with(1500, kind="gift_card")
    order = redeemed_order(card, 1500, card=500)
    void_account(actor=SYSTEM, account_id=card.id, reason="stolen")
    rma = asked(order, (1, 1, "refund"))
    assert refunds_of(rma) == [(1500, "failed"), (500, "submitting")]
    failed = rma.refunds.get(status="failed")
    assert failed.failure_code == "account-not-alive"
    assert Case.objects.get(kind="refund_failed", status="open").subject_id == failed.id
    assert events_of(failed)[-1] == "refund.failed"
    for reason in ("", "  "):
        with pytest.raises(Unprocessable):
            refunds.supersede_refund(
                actor=SYSTEM, refund_id=failed.id, reason=reason, destination=Destination.STORE_CREDIT
            )
    new = refunds.supersede_refund(
        actor=SYSTEM, refund_id=failed.id, reason="card was stolen", destination=Destination.STORE_CREDIT
    )
    assert (new.status, new.facts["broken"]) == (
        "pending_approval",
        {"other_destination": {"permitted": "tender", "requested": "store_credit"}},
    )
    refunds.approve_refund(actor=make_user("finance_approver").actor(), refund_id=new.id)
    assert refunds_of(rma) == [(1500, "superseded"), (500, "submitting"), (1500, "succeeded")]
    assert StoredAccount.objects.get(kind="store_credit").balance == 1500
    assert not Case.objects.filter(kind="refund_failed", status="open").exists()
    prove()


def test_an_external_gift_card_system_is_asked_as_any_gateway() -> None:
    data = order_data()
    data["payments"][0] |= {"gateway": "givex", "tender": "gift_card"}
    rma = asked(make_order(**data), (1, 1, "refund"))
    assert refunds_of(rma) == [(1000, "submitting")]
    assert not StoredEntry.objects.exists()


def test_no_gateway_may_speak_of_a_credited_refund() -> None:
    ensure_policy(resolutions=CREDIT)
    refund = asked(make_order(), (1, 1, "store_credit")).refunds.get()
    for command in (refund_outcomes.fail_refund, refund_outcomes.settle_refund, refund_outcomes.mark_refund_unknown):
        with pytest.raises(Conflict):
            command(actor=SYSTEM, refund_id=refund.id)
    assert not refund.attempts.exists()
    assert StoredAccount.objects.get().balance == 1000


def test_taking_credit_back_reverses_its_refund_unless_it_is_spent() -> None:
    ensure_policy(resolutions=CREDIT, stored_value={"bonus_percent": "10"})
    rma = asked(make_order(), (1, 1, "store_credit"))
    account = StoredAccount.objects.get()
    issued = account.entries.get(kind="issue")
    redemption = RedemptionIn(account_id=account.id, amount=200, currency="GBP", reference="b1")
    spent = redeem_stored_value(actor=SYSTEM, redemption=redemption)
    with pytest.raises(Unprocessable):
        void_entry(actor=SYSTEM, entry_id=issued.id, reason="mistake")
    assert rma.refunds.get().status == "succeeded"
    void_entry(actor=SYSTEM, entry_id=spent.id, reason="basket was given up")
    undone = void_entry(actor=SYSTEM, entry_id=issued.id, reason="mistake")
    assert void_entry(actor=SYSTEM, entry_id=issued.id, reason="mistake").id == undone.id
    assert [amount for _, amount, _ in entries(account)] == [1000, 100, -200, 200, -1000, -100]
    assert (rma.refunds.get().status, fresh(rma).money) == ("reversed", "attention")
    assert rma.lines.get().refunded == 0
    prove()


def test_a_redemption_that_paid_an_order_is_refunded_not_undone() -> None:
    account = account_with(1000)
    redeemed_order(account, 1000)
    with pytest.raises(Conflict):
        void_entry(actor=SYSTEM, entry_id=account.entries.get(kind="redeem").id, reason="mistake")


def test_entries_are_never_changed() -> None:
    account = account_with(1000)
    for statement in ("UPDATE returns_storedentry SET amount = 5", "DELETE FROM returns_storedentry"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        StoredAccount.objects.filter(pk=account.pk).update(balance=-1)


def test_what_lapses_is_written_off_and_new_credit_opens_a_new_account() -> None:
    ensure_policy(resolutions=CREDIT, stored_value={"store_credit_days": 10})
    order = make_order()
    asked(order, (1, 1, "store_credit"))
    old = StoredAccount.objects.get()
    StoredAccount.objects.update(expires_at=now() - timedelta(seconds=1))
    assert lapse_overdue() == 1
    old.refresh_from_db()
    assert (old.status, old.balance) == ("expired", 0)
    assert entries(old)[-1] == ("expire", -1000, 0)
    assert lapse_overdue() == 0
    asked(order, (1, 1, "store_credit"))
    assert StoredAccount.objects.get(status="active").balance == 1000
    with pytest.raises(TransitionRefused):
        void_account(actor=SYSTEM, account_id=old.id, reason="again")
    prove()


def test_a_gift_above_the_limit_needs_a_second_person_and_happens_once() -> None:
    ensure_policy(stored_value={"gift_limit": {"*": 500}})
    agent, approver = make_user("ops_agent").actor(), make_user("finance_approver").actor()
    order = make_order()
    small = gift(order, 500, key="k1")
    assert give_stored_value(actor=agent, gift=small).entry is not None
    assert give_stored_value(actor=agent, gift=small).account.balance == 500
    large = gift(order, 501, key="k2")
    waiting = give_stored_value(actor=agent, gift=large)
    assert (waiting.entry, waiting.account.balance) == (None, 500)
    approval = Approval.objects.get(kind=GIFT_KIND)
    with pytest.raises(Denied):
        approve(agent, approval.id, "fine")
    approve(approver, approval.id, "fine")
    account = StoredAccount.objects.get()
    assert account.balance == 1001
    assert give_stored_value(actor=agent, gift=large).account.balance == 1001
    prove()


def test_three_persons_give_value() -> None:
    ensure_policy(stored_value={"gift_limit": {"*": None}})
    allowed, elsewhere, without = everyone_with(
        Permission.STORED_VALUE_ISSUE, Permission.STORED_VALUE_VIEW, Permission.ORDERS_VIEW
    )
    order = make_order()
    with pytest.raises(NotFound):
        give_stored_value(actor=elsewhere, gift=gift(order))
    with pytest.raises(NotFound):
        give_stored_value(actor=without, gift=gift(order))
    assert not StoredAccount.objects.exists()
    assert give_stored_value(actor=allowed, gift=gift(order)).account.balance == 500


def test_a_person_may_choose_another_way_with_a_reason_and_a_second_person() -> None:
    rma = asked(make_order(), (1, 1, "none"))
    Return.objects.filter(pk=rma.pk).update(status="authorized")
    rma.lines.update(resolution="refund")
    proposal = RefundProposalIn(destination=Destination.GIFT_CARD, reason="customer asked for a card")
    [refund] = refunds.propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
    assert (refund.status, refund.destination) == ("pending_approval", "gift_card")
    refunds.approve_refund(actor=make_user("finance_approver").actor(), refund_id=refund.id)
    assert StoredAccount.objects.get(kind="gift_card").balance == 1000

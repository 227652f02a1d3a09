"""What matches, by which rule, and what is told of the rest."""

from datetime import date
from pathlib import Path

import pytest

from reconciliation.models import Discrepancy, Item, Match, OpenItem
from reconciliation.services.matching_by_hand import match_by_hand, undo_match
from reconciliation.services.reconciling import reconcile
from reconciliation.services.repairing import leave_discrepancy
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from returns.services.refund_outcomes import fail_refund, settle_refund
from tests.factories import SYSTEM, actor_with, everyone_with
from tests.reconciliation.expected import sent
from tests.reconciliation.files import expect, item, open_now, remaining, run, sample, stages, stripe, stripe_row, taken
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
P = Permission


def case_of(row: Discrepancy) -> Case:
    assert row.case_id is not None
    return Case.objects.get(pk=row.case_id)


def test_our_reference_and_amount_match_and_say_why() -> None:
    refund = sent()
    settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    stripe(stripe_row("t1", "-10.00", refund.effect_key, source_id="re_1"))
    line = item("t1")
    assert (line.region, line.correlation_id) == ("uk", refund.rma.correlation_id)
    assert run(lanes=["payment"]).matched == {"exact": 1}
    match = Match.objects.get()
    assert (match.stage, match.key_type, match.key_value) == ("exact", "refund", refund.effect_key.upper())
    assert (match.rule_version, match.runner_up, match.region) == ("2026-11.1", None, "uk")
    assert sorted(match.allocations.values_list("item__natural_key", "amount")) == sorted(
        [("t1", -1000), (refund.effect_key, -1000)]
    )
    assert not OpenItem.objects.filter(lane="payment").exists()
    [event] = Event.objects.filter(type="settlement.matched")
    assert event.correlation_id == refund.rma.correlation_id
    assert event.data["refund_ids"] == [str(refund.id)]
    assert (event.data["amount"], event.data["currency"]) == (-1000, "GBP")
    assert run().total == 0


def test_twins_are_paired_by_ordinal_and_a_third_is_one_too_many() -> None:
    expect(("RF-1", "-10.00"), ("RF-1", "-10.00"))
    stripe(*(stripe_row(f"t{n}", "-10.00", "rf-1") for n in range(3)))
    assert run().matched == {"exact": 2}
    assert remaining() == {"t2": -1000}
    assert open_now() == {"RF-1": ("duplicate_refund", "1000 GBP")}
    runners = Match.objects.order_by("pk").values_list("runner_up__natural_key", "margin")
    assert sorted(runners, key=str) == [("t1", 0), ("t2", 0)]


def test_parts_that_sum_to_what_is_expected_are_one_match() -> None:
    expect(("RF-1", "-30.00"))
    stripe(stripe_row("t1", "-10.00", "RF-1"), stripe_row("t2", "-20.00", "RF-1"))
    assert run().matched == {"group": 1}
    assert Match.objects.get().allocations.count() == 3
    assert remaining() == {}


def test_a_payment_matches_only_what_is_alone_and_not_named_otherwise() -> None:
    expect(("RF-1", "-10.00"), order_ref="SO-1")
    expect(("RF-2", "-10.00"), order_ref="SO-2")
    expect(("RF-3", "-7.00"), ("RF-4", "-7.00"), order_ref="SO-3")
    order = "payment_metadata[order_id]"
    stripe(
        stripe_row("alone", "-10.00", **{order: "#SO-1"}),
        stripe_row("named", "-10.00", "RF-9", **{order: "SO-2"}),
        stripe_row("either", "-7.00", **{order: "SO-3"}),
    )
    assert run().matched == {"weaker": 1}
    match = Match.objects.get()
    assert (match.key_type, match.key_value) == ("order", "SO-1")
    assert {key for key in remaining() if not key.startswith("csv:")} == {"named", "either"}


def test_another_amount_is_a_variance_with_a_case_and_explained_it_stays_so() -> None:
    expect(("RF-1", "-10.00"))
    stripe(stripe_row("t1", "-12.50", "RF-1"))
    assert run().opened == {"amount_variance": 1}
    row = Discrepancy.objects.get()
    assert (row.amount, row.ours, row.theirs, row.other) == (250, "-10.00 GBP", "-12.50 GBP", item("t1"))
    case = case_of(row)
    assert (case.kind, case.title, case.amount) == ("settlement", "Another amount came: RF-1, 2.50 GBP", 250)
    leave_discrepancy(actor=SYSTEM, discrepancy_id=row.id, reason="fee kept by the bank")
    case.refresh_from_db()
    assert case.status == "resolved"
    assert run(as_of=date(2027, 1, 1)).total == 0
    stripe(stripe_row("t2", "-0.01", "RF-1"))
    assert run(as_of=date(2027, 1, 1)).opened == {"over_refund": 1}


def test_what_is_late_is_told_where_that_provider_tells_anything_and_ends_when_it_comes() -> None:
    expect(("RF-1", "-10.00"))
    assert run(as_of=date(2026, 12, 1)).opened == {}  # nobody tells of payments at all
    stripe(stripe_row("t1", "-1.00", "RF-7"))
    assert run(as_of=date(2026, 9, 12)).opened == {}  # not due yet
    assert run(as_of=date(2026, 9, 20)).opened == {"missing_settlement": 1, "orphan_line": 1}
    assert open_now() == {"RF-1": ("missing_settlement", "1000 GBP"), "RF-7": ("orphan_line", "100 GBP")}
    assert run(as_of=date(2026, 9, 20)).total == 0
    stripe(stripe_row("t2", "-10.00", "RF-1"))
    done = run(as_of=date(2026, 9, 20))
    assert (done.matched, done.ended) == ({"exact": 1}, 1)
    row = Discrepancy.objects.get(type="missing_settlement")
    assert (row.status, row.resolution) == ("resolved", "matched")
    assert case_of(row).status == "resolved"


def test_a_late_refund_that_comes_with_another_amount_is_a_variance_alone() -> None:
    expect(("RF-1", "-10.00"))
    stripe(stripe_row("t1", "-1.00", "RF-7"))
    run(as_of=date(2026, 9, 20))
    stripe(stripe_row("t2", "-9.00", "RF-1"))
    run(as_of=date(2026, 9, 20))
    assert open_now()["RF-1"] == ("amount_variance", "100 GBP")


def test_a_refused_refund_is_called_off_and_one_that_came_back_is_told() -> None:
    refused, settled = sent(), sent()
    fail_refund(actor=SYSTEM, refund_id=refused.id, code="declined")
    settle_refund(actor=SYSTEM, refund_id=settled.id, external_reference="re_2")
    stripe(
        stripe_row("t1", "-10.00", settled.effect_key),
        stripe_row("t2", "10.00", settled.effect_key, reporting_category="refund_failure"),
    )
    done = run(lanes=["payment"])
    assert done.matched == {"exact": 1, "withdrawn": 1}
    assert done.opened == {"refund_failed_after_settlement": 1}
    assert remaining() == {"t2": 1000} | {k: v for k, v in remaining().items() if k.startswith("memo:")}
    # Once the gateway tells us as well, both lines are what we expect.
    fail_refund(actor=SYSTEM, refund_id=settled.id, code="expired_or_canceled_card")
    assert run(lanes=["payment"]).matched == {"exact": 1}
    assert open_now() == {}


def test_exchange_is_an_adjustment_and_never_a_tolerance() -> None:
    expect(("RF-1", "-50.00"), currency="EUR")
    shown = {"customer_facing_amount": "-50.00", "customer_facing_currency": "eur"}
    stripe(stripe_row("t1", "-54.32", "RF-1", **shown))
    assert run().matched == {"exact": 1}
    rows = Match.objects.get().adjustments.order_by("currency").values_list("kind", "amount", "currency")
    assert list(rows) == [("fx", -5000, "EUR"), ("fx", 5432, "GBP")]


def test_another_currency_is_told() -> None:
    expect(("RF-1", "-10.00"), currency="EUR")
    stripe(stripe_row("t1", "-10.00", "RF-1"))
    assert run().opened == {"currency_mismatch": 1}


def test_by_hand_and_taken_apart_again() -> None:
    expect(("RF-1", "-10.00"))
    stripe(stripe_row("t1", "-10.00"), stripe_row("t2", "-9.00"))
    run(as_of=date(2026, 9, 30))
    wanted, line, other = Item.objects.get(side="E"), item("t1"), item("t2")
    before = counts()
    for refused, items, reason in (
        (Invalid, (wanted, line), " "), (Conflict, (wanted, other), "x"), (Conflict, (line, other), "x"),
    ):  # fmt: skip
        with pytest.raises(refused):
            match_by_hand(actor=SYSTEM, item_id=items[0].pk, other_id=items[1].pk, reason=reason)
    assert counts() == before
    match = match_by_hand(actor=SYSTEM, item_id=line.pk, other_id=wanted.pk, reason="told on the phone")
    assert (match.stage, match.reason) == ("hand", "told on the phone")
    assert set(open_now()) == {"t2"}
    with pytest.raises(Conflict, match="matched already"):
        match_by_hand(actor=SYSTEM, item_id=line.pk, other_id=wanted.pk, reason="again")
    undone = undo_match(actor=SYSTEM, match_id=match.pk, reason="the wrong customer")
    assert (undone.stage, undone.reverses) == ("reversal", match)
    assert remaining()["t1"] == -1000
    assert Event.objects.filter(type="settlement.unmatched").count() == 1
    for taken_apart in (match, undone):
        with pytest.raises(Conflict):
            undo_match(actor=SYSTEM, match_id=taken_apart.pk, reason="again")


def test_what_a_person_took_apart_stays_apart() -> None:
    expect(("RF-1", "-10.00"))
    stripe(stripe_row("t1", "-10.00", "RF-1"))
    run()
    undo_match(actor=SYSTEM, match_id=Match.objects.get().pk, reason="not this one")
    stripe(stripe_row("t2", "-3.00", "RF-1"))
    run()
    assert stages() == ["exact", "reversal"]
    stripe(stripe_row("t3", "-10.00", "RF-1"))
    run()
    assert stages() == ["exact", "reversal", "exact"]
    assert set(remaining()) == {"t1", "t2"}


def test_three_persons() -> None:
    refund = sent()
    stripe(stripe_row("t1", "-10.00", refund.effect_key))
    run()
    match = Match.objects.get()
    may, elsewhere, nobody = everyone_with(P.SETTLEMENTS_VIEW, P.SETTLEMENTS_MATCH)
    viewer = actor_with(P.SETTLEMENTS_VIEW, regions=["uk"])
    before = counts()
    for actor, refusal in ((elsewhere, NotFound), (nobody, NotFound), (viewer, Denied)):
        with pytest.raises(refusal):
            undo_match(actor=actor, match_id=match.pk, reason="x")
    with pytest.raises(Denied):
        reconcile(actor=viewer)
    assert counts() == before
    undo_match(actor=may, match_id=match.pk, reason="x")


@pytest.mark.contract
def test_the_traps_of_the_sample_are_told_apart(shared_dir: Path) -> None:
    refs = {
        "RF-1001": "-60.00", "RF-1002": "-25.00", "RF-1003": "-88.00", "RF-1004": "-15.00", "RF-1005": "-42.10",
        "RF-1006": "-19.99", "RF-1007": "-70.00",
    }  # fmt: skip
    expect(*refs.items(), currency="USD")
    expect(("RF-1008", "-50.00"), currency="EUR")
    taken("stripe", sample(shared_dir, "stripe_payout_reconciliation/payout_reconciliation.itemized.5.csv"))
    taken("stripe", sample(shared_dir, "stripe_payout_reconciliation/payouts.itemized.3.csv"))
    run(as_of=date(2026, 9, 30))
    told = sorted((row.type, row.external_id, row.amount) for row in Discrepancy.objects.filter(status="open"))
    assert told == [
        ("amount_variance", "RF-1002", 50),
        ("duplicate_refund", "RF-1004", 1500),
        ("missing_settlement", "RF-1006", 1999),
        ("orphan_line", "RE_3SAMPLE00000000009001", 3300),
        ("refund_failed_after_settlement", "RF-1005", 4210),
        ("refund_plus_chargeback", "CH_3SAMPLE00000000005007", 7000),
    ]
    assert sorted(stages()) == ["exact"] * 6


@pytest.mark.contract
def test_a_payout_that_is_not_its_lines_is_told_once(shared_dir: Path) -> None:
    content = sample(shared_dir, "stripe_payout_reconciliation/payout_reconciliation.itemized.5.csv")
    taken("stripe", b"\n".join(content.splitlines()[:-1]))
    taken("stripe", sample(shared_dir, "stripe_payout_reconciliation/payouts.itemized.3.csv"))
    assert run(as_of=date(2026, 9, 12)).opened["payout_short"] == 1
    row = Discrepancy.objects.get(type="payout_short")
    assert (row.amount, row.ours, row.theirs) == (5432, "213.99 USD", "159.67 USD")
    assert run(as_of=date(2026, 9, 12)).total == 0

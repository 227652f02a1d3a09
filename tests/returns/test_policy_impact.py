"""What another version would have decided, told from stored facts, without writing."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.money import Money
from returns.models import Return, ReturnPolicy
from returns.policy_impact import Impact, impact_of
from tests.factories import SYSTEM, actor_with, ensure_policy, line_data, make_order, make_policy, make_return
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db


def candidate(name: str = "standard", *, scope: dict[str, str] | None = None, **rules: Any) -> ReturnPolicy:
    """Return a draft of the next version with these rules changed."""
    base = ensure_policy()
    latest = ReturnPolicy.objects.filter(name=name).order_by("-version").first()
    number = latest.version + 1 if latest else 1
    return ReturnPolicy.objects.create(name=name, version=number, rules=base.rules | rules, **(scope or {}))


def account(policy: ReturnPolicy, **narrow: Any) -> tuple[Impact, dict[str, tuple[int, list[Money]]]]:
    impact = impact_of(SYSTEM, policy, **narrow)
    assert impact.looked_at == impact.unchanged + impact.changed + impact.outside
    return impact, {group.key: (group.count, group.amounts) for group in impact.found}


def test_a_shorter_window_refuses_what_was_allowed() -> None:
    order = make_order()  # shipped seven days ago; line 1 is 3 × 10.00, line 2 is 25.50
    rma = make_return(order, {1: 2})
    impact, groups = account(candidate(window_days=5))
    assert groups == {"newly_refused": (1, [Money(2000, "GBP")])}
    assert impact.groups["newly_refused"].examples == [(rma.number, "window closed")]
    assert (impact.looked_at, impact.changed, impact.unchanged) == (1, 1, 0)
    assert account(candidate(window_days=8))[1] == {}


def test_a_longer_window_allows_what_was_overridden() -> None:
    ensure_policy(window_days=3)
    rma = make_return(make_order(), {2: 1}, override_reason="goodwill")
    assert rma.status == "in_review"
    assert account(candidate(window_days=30))[1] == {"newly_allowed": (1, [Money(2550, "GBP")])}


def test_timing_authorization_approval_and_fees_are_told_apart() -> None:
    make_return(make_order(), {1: 3})
    policy = candidate(
        refund_timing="on_receipt",
        auto_authorize=False,
        auto_approve_limit={"GBP": 100},
        restocking_fee={"percent": "10", "fixed": {"GBP": 50}},
    )
    impact, groups = account(policy)
    assert groups == {
        "other_timing": (1, [Money(3000, "GBP")]),
        "now_reviewed": (1, [Money(3000, "GBP")]),
        "now_approved": (1, [Money(2650, "GBP")]),
        "other_fee": (1, [Money(350, "GBP")]),
    }
    assert impact.groups["other_timing"].examples[0][1] == "on inspection → on receipt"
    assert impact.groups["other_fee"].examples[0][1] == "0.00 GBP → 3.50 GBP"
    assert impact.changed == 1


def test_fees_are_waived_where_the_merchant_is_at_fault() -> None:
    lines = [{"line_no": 1, "quantity": 1, "reason": "defective"}]
    make_return(make_order(), lines=lines)
    fee = {"percent": "10", "waive_merchant_fault": True}
    assert account(candidate(restocking_fee=fee))[1] == {}
    assert account(candidate(restocking_fee={"percent": "10"}))[1] == {"other_fee": (1, [Money(100, "GBP")])}


def test_only_what_falls_under_it_is_counted() -> None:
    lines = [line_data("L1", category="shoes"), line_data("L2", category="hats", unit_price=500)]
    make_return(make_order(lines=lines), {1: 1})
    make_return(make_order(lines=lines), {2: 1})
    make_return(make_order(channel="pos-1"), {1: 1})
    shoes, groups = account(candidate("shoes", scope={"category": "shoes"}, window_days=1))
    assert (shoes.looked_at, shoes.outside, groups) == (3, 2, {"newly_refused": (1, [Money(1000, "GBP")])})
    everything = account(candidate(window_days=1), channel="pos-1")[0]
    assert (everything.looked_at, everything.changed) == (1, 1)
    make_policy(name="narrow", rules={"window_days": 90}, channel="shopify-uk", brand="acme")
    make_return(make_order(), {1: 1})
    assert account(candidate(window_days=1), last=1)[0].outside == 1


def test_the_last_ones_since_a_date_of_those_one_may_see() -> None:
    returns = [make_return() for _ in range(3)]
    Return.objects.filter(pk=returns[0].pk).update(requested_at=now() - timedelta(days=40))
    policy = candidate(window_days=1)
    assert account(policy, last=2)[0].looked_at == 2
    assert account(policy, since=now() - timedelta(days=7))[0].looked_at == 2
    french = actor_with(Permission.RETURNS_VIEW, regions=["fr"])
    assert impact_of(french, policy).looked_at == 0


def test_nothing_is_written_and_the_number_of_statements_does_not_grow() -> None:
    policy = candidate(window_days=1)
    make_return()
    asked = []
    for _ in range(2):
        make_return()
        before = counts()
        with CaptureQueriesContext(connection) as queries:
            first = impact_of(SYSTEM, policy)
        asked.append(len(queries))
        assert impact_of(SYSTEM, policy) == first
        assert counts() == before
    assert asked[0] == asked[1]


def test_the_command_prints_the_account() -> None:
    rma = make_return(quantities={1: 2})
    candidate(window_days=5)
    out = StringIO()
    call_command("policy_impact", policy="standard", version=2, stdout=out, stderr=StringIO())
    printed = out.getvalue()
    assert "standard@2: 1 returns looked at" in printed
    assert "1  Newly refused: 20.00 GBP" in printed
    assert f"{rma.number}  window closed" in printed
    with pytest.raises(CommandError, match="no version 9"):
        call_command("policy_impact", "--policy=standard", "--version=9")

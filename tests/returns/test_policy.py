"""Which policy version applies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from retailops.lib.errors import Unprocessable
from returns.policy import Fee, Policy, Rules, Scope, choose, within

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UK = Scope("shopify-uk", "uk", "acme", "vip", "shoes")


def policy(name: str = "p", version: int = 1, *, scope: Scope | None = None, **rules: Any) -> Policy:
    start = NOW - timedelta(days=100)
    return Policy(uuid4(), name, version, scope or Scope("", "", ""), start, None, Rules(**rules))


def test_the_most_specific_scope_applies() -> None:
    everywhere, uk = policy(), policy(scope=Scope("", "uk", ""))
    shoes = policy(scope=Scope("", "uk", "", "", "shoes"))
    assert choose([everywhere, uk, shoes], UK, NOW, "k") is shoes
    assert choose([everywhere, uk, shoes], Scope("x", "uk", "b", "", "hats"), NOW, "k") is uk
    assert choose([everywhere, uk, shoes], Scope("x", "de", "b"), NOW, "k") is everywhere


def test_a_newer_version_applies() -> None:
    one, two = policy(version=1), policy(version=2)
    assert choose([two, one], UK, NOW, "k") is two


def test_a_version_applies_between_its_dates() -> None:
    old = policy()
    future = Policy(uuid4(), "p", 2, Scope("", "", ""), NOW + timedelta(days=1), None, Rules())
    ended = Policy(uuid4(), "p", 3, Scope("", "", ""), NOW - timedelta(days=9), NOW, Rules())
    assert choose([old, future, ended], UK, NOW, "k") is old


def test_a_canary_serves_a_stable_share() -> None:
    stable, canary = policy(version=1), policy(version=2, canary_share=20)
    keys = [str(n) for n in range(2000)]
    chosen = [choose([stable, canary], UK, NOW, key) for key in keys]
    assert chosen == [choose([canary, stable], UK, NOW, key) for key in keys]
    assert 300 < sum(one is canary for one in chosen) < 500


def test_no_policy_decides_nothing() -> None:
    with pytest.raises(Unprocessable) as refused:
        choose([policy(scope=Scope("", "de", ""))], UK, NOW, "k")
    assert refused.value.code == "no-policy"


def test_fees_and_limits() -> None:
    assert Fee.model_validate({"percent": "12.5"}).share_of(1000) == 125
    assert Fee().share_of(1000) == 0
    assert within(500, {"GBP": 500}, "GBP")
    assert not within(501, {"GBP": 500}, "GBP")
    assert not within(1, {"GBP": 500}, "EUR")
    assert within(10**12, {"*": None}, "EUR")

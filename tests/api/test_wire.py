"""Every refusal has one shape, whatever refused."""

import pytest
from django.test import override_settings

from retailops.accounts.models import ApiClient, DeniedAttempt
from retailops.lib import throttling
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from tests.api.conftest import Api, MakeApi

STOCK = "/inventory/availability"


def test_no_key_is_401_with_a_challenge(anonymous: Api, db: None) -> None:
    reply = anonymous.get(STOCK, sku="A")
    reply.problem(401, "not-authenticated")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="RetailOps"'


@pytest.mark.parametrize("key", ["ro_000000000000_wrong", "wrong", "ro__", "ro_000000000000_é"])
def test_a_wrong_key_is_401(anonymous: Api, db: None, key: str) -> None:
    anonymous.key = key
    anonymous.get(STOCK, sku="A").problem(401, "authentication-failed")


def test_a_key_with_another_secret_is_401(api: Api) -> None:
    api.key = api.key[:-1] + ("a" if api.key[-1] != "a" else "b")
    api.get(STOCK, sku="A").problem(401, "authentication-failed")


def test_a_revoked_and_an_expired_key_are_401(api: Api) -> None:
    api.get(STOCK, sku="A").ok()
    ApiClient.objects.filter(pk=api.client.pk).update(revoked_at=now())
    api.get(STOCK, sku="A").problem(401, "authentication-failed")
    ApiClient.objects.filter(pk=api.client.pk).update(revoked_at=None, expires_at=now())
    api.get(STOCK, sku="A").problem(401, "authentication-failed")


@override_settings(API_KEY_CACHE_SECONDS=60)
def test_a_remembered_key_expires_on_time_all_the_same(api: Api) -> None:
    api.get(STOCK, sku="A").ok()
    ApiClient.objects.filter(pk=api.client.pk).update(revoked_at=now())
    api.get(STOCK, sku="A").ok()  # documented: a revoked key opens for as long as it is remembered
    from retailops.accounts import api_keys

    known = next(known for known in api_keys._recognized.values() if known.client.pk == api.client.pk)
    known.client.expires_at = now()
    api.get(STOCK, sku="A").problem(401, "authentication-failed")


def test_use_of_a_key_is_noted(api: Api) -> None:
    api.get(STOCK, sku="A").ok()
    assert ApiClient.objects.get(pk=api.client.pk).last_used_at is not None


def test_a_key_without_the_scope_is_403_and_the_attempt_is_kept(powerless: Api) -> None:
    body = powerless.get(STOCK, sku="A").problem(403, "denied")
    assert body["permission"] == "inventory.view"
    kept = DeniedAttempt.objects.get()
    assert (kept.actor, kept.method, kept.path) == (powerless.actor.key, "GET", "/api/v1/inventory/availability")


def test_an_unknown_address_is_404(api: Api) -> None:
    api.get("/nothing/here").problem(404, "not-found")


def test_a_method_that_is_not_there_is_405(api: Api) -> None:
    reply = api.delete(STOCK)
    reply.problem(405, "method-not-allowed")
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_an_unknown_and_a_missing_parameter_are_named(api: Api) -> None:
    reply = api.get(STOCK, skv="A")
    assert "skv" in reply.problem(400, "invalid")["detail"]
    assert reply.pointers() == {"?sku": "Field required.", "?skv": "Unknown parameter."}


def test_the_quota_is_told_and_kept(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    client = make_api("inventory:read", requests_per_minute=2)
    first = client.get(STOCK, sku="A")
    assert first.headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert first.headers["RateLimit"] == '"minute";r=1;t=60'
    assert client.get(STOCK, sku="A").headers["RateLimit"] == '"minute";r=0;t=60'
    refused = client.get(STOCK, sku="A")
    assert refused.problem(429, "throttled")["retry_after"] == 60
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["RateLimit"] == '"minute";r=0;t=60'
    monkeypatch.setattr("time.time", lambda: 1_800_000_060.0)
    client.get(STOCK, sku="A").ok()


def test_a_busy_client_is_counted_in_shares_and_gets_its_quota_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    client, limit = f"client:{uuid7()}", 1800  # dealt out in shares of three
    asked: list[int] = []
    count = throttling._count

    def counting(key: str, size: int) -> int | None:
        asked.append(size)
        return count(key, size)

    monkeypatch.setattr(throttling, "_count", counting)
    left = [throttling.spend(client, limit, 1_800_000_000.0) for _ in range(limit)]
    assert [quota.remaining for quota in left if quota] == list(range(limit - 1, -1, -1))
    assert asked == [3] * 600
    with pytest.raises(throttling.TooManyRequests):
        throttling.spend(client, limit, 1_800_000_001.0)
    fresh = throttling.spend(client, limit, 1_800_000_060.0)
    assert fresh is not None
    assert fresh.remaining == limit - 1


def test_two_processes_share_one_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    client, limit = f"client:{uuid7()}", 1200
    monkeypatch.setattr(throttling, "_shares", {})
    for _ in range(600):
        assert throttling.spend(client, limit, 1_800_000_000.0)
    monkeypatch.setattr(throttling, "_shares", {})  # another process knows nothing of the first one's shares
    spent = [throttling.spend(client, limit, 1_800_000_000.0) for _ in range(600)]
    assert spent[-1] is not None
    assert spent[-1].remaining == 0
    with pytest.raises(throttling.TooManyRequests):
        throttling.spend(client, limit, 1_800_000_000.0)


def test_without_redis_everybody_may_pass(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_api("inventory:read", requests_per_minute=1)
    throttling._redis.cache_clear()
    monkeypatch.setattr(throttling._Absence, "until", 0.0)
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        replies = [client.get(STOCK, sku="A") for _ in range(3)]
    throttling._redis.cache_clear()
    monkeypatch.setattr(throttling._Absence, "until", 0.0)
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert "RateLimit" not in replies[-1].headers


def test_a_fault_of_ours_is_a_problem_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("inventory.selectors.availability", broken)
    api.http.raise_request_exception = False
    body = api.get(STOCK, sku="A").problem(500, "internal-error")
    assert "ZeroDivision" not in str(body)

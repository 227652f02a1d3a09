"""What may be called, and what may be kept."""

import json

import httpx
import pytest
from pytest_django import Settings

from connectors import redaction
from connectors.addresses import is_public
from connectors.failures import ForbiddenAddress, class_of_status, failure_of_error, retry_after
from connectors.outbound_http import new_client
from tests.connectors.sandbox_server import WebhookSink


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 - data of a test
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "224.0.0.1", "ff02::1",
        "not an address", "",
    ],
)  # fmt: skip
def test_addresses_of_private_networks(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_client_refuses_what_leads_home(webhook_sink: WebhookSink, settings: Settings, host: str) -> None:
    settings.ALLOW_PRIVATE_DESTINATIONS = False
    address = webhook_sink.url.replace("127.0.0.1", host)
    with new_client() as client, pytest.raises(ForbiddenAddress):
        client.post(address, json={})
    assert webhook_sink.received == []


def test_the_client_follows_no_redirect(webhook_sink: WebhookSink) -> None:
    webhook_sink.answers = [302]
    with new_client() as client:
        assert client.post(webhook_sink.url, json={}).status_code == 302
    assert len(webhook_sink.received) == 1


def test_bodies_are_kept_without_secrets_and_people() -> None:
    body = {
        "id": "re_1",
        "amount": 5,
        "client_secret": "s3cret",
        "customer": {"email": "ada@example.com", "name": "Ada", "id": "cus_1"},
        "addresses": [{"line1": "1 Main St", "country": "GB"}],
        "access_token": "tok",
    }
    kept = redaction.body(json.dumps(body).encode(), "application/json; charset=utf-8")
    assert kept == {
        "id": "re_1",
        "amount": 5,
        "client_secret": "[redacted]",
        "customer": {"email": "[redacted]", "name": "[redacted]", "id": "cus_1"},
        "addresses": [{"line1": "[redacted]", "country": "GB"}],
        "access_token": "[redacted]",
    }


def test_forms_are_kept_without_secrets_and_people() -> None:
    kept = redaction.body(b"amount=5&metadata[email]=a%40b.c&client_secret=x", "application/x-www-form-urlencoded")
    assert kept == {"amount": "5", "metadata[email]": "[redacted]", "client_secret": "[redacted]"}


@pytest.mark.parametrize(
    ("content", "kind", "kept"),
    [
        (b"", "application/json", None),
        (b"{", "application/json", "[1 bytes that are not JSON]"),
        (b"<html>", "text/html", "[6 bytes of text/html]"),
    ],
)
def test_what_is_not_understood_is_not_kept(content: bytes, kind: str, kept: object) -> None:
    assert redaction.body(content, kind) == kept


def test_only_harmless_headers_are_kept() -> None:
    given = {"Authorization": "Bearer x", "Content-Type": "a/b", "X-Shopify-Access-Token": "t", "Retry-After": "3"}
    assert redaction.headers(given) == {"content-type": "a/b", "retry-after": "3"}


@pytest.mark.parametrize(
    ("status", "safe", "expected"),
    [
        (401, True, "auth"), (403, False, "auth"), (408, False, "transient"), (425, False, "transient"),
        (429, False, "transient"), (400, True, "business"), (404, False, "business"), (422, True, "business"),
        (500, True, "transient"), (500, False, "in_doubt"), (503, False, "in_doubt"), (302, True, "contract"),
    ],
)  # fmt: skip
def test_statuses_are_classed(status: int, safe: bool, expected: str) -> None:
    assert class_of_status(status, repeat_safe=safe) == expected


@pytest.mark.parametrize(
    ("error", "safe", "expected"),
    [
        (httpx.ConnectError("x"), False, "transient"),
        (httpx.ConnectTimeout("x"), False, "transient"),
        (httpx.PoolTimeout("x"), False, "transient"),
        (httpx.ReadTimeout("x"), False, "in_doubt"),
        (httpx.ReadTimeout("x"), True, "transient"),
        (httpx.WriteError("x"), False, "in_doubt"),
        (httpx.RemoteProtocolError("x"), False, "in_doubt"),
        (httpx.InvalidURL("x"), False, "contract"),
    ],
)
def test_network_errors_are_classed_by_what_may_have_arrived(
    error: httpx.HTTPError | httpx.InvalidURL, safe: bool, expected: str
) -> None:
    assert failure_of_error(error, repeat_safe=safe).result == expected


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "-7"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
    assert retry_after({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}) == 0
    later = retry_after({"retry-after": "Fri, 31 Dec 2999 23:59:59 GMT"})
    assert later is not None
    assert later > 1e9

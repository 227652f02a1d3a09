"""Stripe's webhook signature: proven over raw bytes, fresh, and nothing else."""

import hashlib
import hmac
import time

import pytest
import stripe

from connectors.protocol import SignatureRefused
from connectors.stripe.signature import verify

SECRET = "whsec_test"
BODY = b'{"id":"evt_1","type":"refund.updated"}'


def signed(body: bytes = BODY, secret: str = SECRET, at: int | None = None) -> str:
    stamp = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def test_what_the_official_library_signs_is_accepted() -> None:
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET)
    verify(header, BODY, [SECRET], 300)


def test_a_former_secret_counts_during_rotation() -> None:
    verify(signed(secret="whsec_former"), BODY, [SECRET, "whsec_former"], 300)


def test_one_of_several_signatures_suffices() -> None:
    stamp, _, good = signed().partition(",")
    verify(f"{stamp},v1={'0' * 64},{good},v0=whatever", BODY, [SECRET], 300)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "malformed"),
        ("t=abc,v1=00", "malformed"),
        ("v1=00", "malformed"),
        ("t=1,t=2,v1=00", "malformed"),
        ("t={now}", "malformed"),
        ("t={now},v0=" + "0" * 64, "malformed"),
        ("t={now},v1=é", "no v1 signature matches"),
    ],
)
def test_a_header_that_proves_nothing_is_refused(header: str, why: str) -> None:
    with pytest.raises(SignatureRefused, match=why):
        verify(header.replace("{now}", str(int(time.time()))), BODY, [SECRET], 300)


def test_a_tampered_body_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="no v1"):
        verify(signed(), BODY.replace(b"evt_1", b"evt_2"), [SECRET], 300)


def test_another_secret_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="no v1"):
        verify(signed(secret="whsec_other"), BODY, [SECRET], 300)


@pytest.mark.parametrize("age", [301, -301])
def test_a_replay_outside_of_the_window_is_refused(age: int) -> None:
    with pytest.raises(SignatureRefused, match="300 s"):
        verify(signed(at=int(time.time()) - age), BODY, [SECRET], 300)

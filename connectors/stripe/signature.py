"""`Stripe-Signature: t=<unix seconds>,v1=<hex>,…`: HMAC-SHA256 of `<t>.<raw body>`; several v1 during rotation."""

import hashlib
import hmac
import time
from collections.abc import Sequence

from connectors.protocol import SignatureRefused


def verify(header: str, body: bytes, secrets: Sequence[str], tolerance_seconds: int) -> None:
    """Prove the raw body, in constant time, and that it is fresh. Raises SignatureRefused."""
    items = [item.strip().partition("=") for item in header.split(",")]
    stamps = [value for name, _, value in items if name == "t"]
    given = [value for name, _, value in items if name == "v1"]
    if len(stamps) != 1 or not stamps[0].isdigit() or not given:
        raise SignatureRefused("Stripe-Signature is missing or malformed")
    signed = stamps[0].encode() + b"." + body
    if not any(_matches(secret, signed, given) for secret in secrets):
        raise SignatureRefused("no v1 signature matches")
    if abs(time.time() - int(stamps[0])) > tolerance_seconds:
        raise SignatureRefused(f"the timestamp is more than {tolerance_seconds} s away")


def _matches(secret: str, signed: bytes, given: Sequence[str]) -> bool:
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    return any([hmac.compare_digest(expected, value.encode()) for value in given])  # noqa: C419  # no early exit

"""Standard Webhooks, receiving side: HMAC-SHA256 of `id.timestamp.body` under the base64 part of a `whsec_` secret."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from connectors.protocol import SignatureRefused
from retailops.lib.clock import now

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def verified_id(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> str:
    """Return the message's id when one of its signatures holds under one of the secrets and it is fresh.

    Compares in constant time, before anything is parsed. Raises SignatureRefused. Spec: standardwebhooks.com, 1.0.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not stamp.isascii() or not stamp.isdigit():
        raise SignatureRefused("webhook-id or webhook-timestamp is missing")
    if abs(now().timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise SignatureRefused("webhook-timestamp is too far from now")
    given = [entry.partition(",") for entry in headers.get("webhook-signature", "").split()]
    signatures = [value.encode() for version, _, value in given if version == "v1"]
    signed = f"{message_id}.{stamp}.".encode() + body
    expected = [base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()) for secret in secrets]
    # Every pair is compared, so that the time taken tells nothing.
    fits = [hmac.compare_digest(one, other) for one in expected for other in signatures]
    if not any(fits):
        raise SignatureRefused("webhook-signature does not fit the message")
    return message_id


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SignatureRefused("the stored secret is not base64 after whsec_") from error

"""Standard Webhooks signatures: `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, one per valid secret."""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes that sign. Raises ValueError for what is no secret of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is whsec_ followed by base64") from error
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a secret is whsec_ followed by 24 to 64 bytes in base64")
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of `webhook-signature`: space-separated, one for each key (two during rotation)."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)

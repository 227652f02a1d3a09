"""What we read at a vendor ourselves, as a message that the inbox takes like a webhook."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from connectors.protocol import Verified

# What changed so shortly ago may still be on its way to us, or to the vendor: it is not held against either.
SETTLES = timedelta(minutes=10)


def as_read(thing: UUID, topic: str, lane: str, told: Mapping[str, Any]) -> tuple[Verified, bytes]:
    """Return what was read of a thing. It is the same message as long as neither side has changed."""
    body = json.dumps(told).encode()
    return Verified(f"read:{thing}:{hashlib.sha256(body).hexdigest()[:32]}", topic, lane), body

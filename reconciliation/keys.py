"""Ids that items are found by: normalized, so that two systems' spelling of one id is one key."""

import hashlib
import unicodedata
from collections.abc import Iterable
from uuid import UUID

from reconciliation.models import KeyType
from retailops.lib.ids import parse_uuid

Key = tuple[KeyType, str]


def normalized(value: str) -> str:
    """Return an id as it is compared: NFKC, upper case, without blanks, `#`, leading zeros (but in UUIDs) or a path."""
    text = unicodedata.normalize("NFKC", value).upper()
    text = "".join(text.split()).replace("#", "")
    if text.startswith("GID://"):
        text = text.rsplit("/", 1)[-1]
    return text if parse_uuid(text) else text.lstrip("0") or text[:1]


def key_hash(kind: KeyType, value: str) -> UUID:
    """Return what stands for a normalized id of a kind."""
    return UUID(bytes=hashlib.sha256(f"{kind}|{value}".encode()).digest()[:16])


def keys_of(told: Iterable[Key]) -> list[dict[str, str]]:
    """Return the keys as they are stored, each once; what is empty names nothing."""
    found: dict[UUID, dict[str, str]] = {}
    for kind, value in told:
        if text := normalized(value)[:200]:
            hashed = key_hash(kind, text)
            found[hashed] = {"type": str(kind), "hash": str(hashed), "value": text}
    return list(found.values())

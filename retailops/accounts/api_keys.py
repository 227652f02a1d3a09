"""API keys: `ro_<12 characters of prefix>_<secret>`. The prefix finds the client, the hash proves the key.

A process remembers a client for API_KEY_CACHE_SECONDS (3 s; 0 in tests), so a revoked key may open that much longer.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient
from retailops.accounts.permissions import SCOPE_PERMISSIONS
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid

USE_IS_NOTED_EVERY = timedelta(minutes=1)
MOST_REMEMBERED = 1000


@dataclass(frozen=True)
class Recognized:
    """A client whose key was proved, its actor, and until when (monotonic seconds) that is believed.

    `ends_at` is when the key itself ends, for one that was rotated away.
    """

    client: ApiClient
    actor: Actor
    until: float
    ends_at: datetime | None = None

    def is_live(self) -> bool:
        """Tell whether the key still opens."""
        return self.client.is_live() and (self.ends_at is None or self.ends_at > now())


_recognized: dict[str, Recognized] = {}


def issue_api_key(name: str, scopes: list[str], **fields: object) -> tuple[ApiClient, str]:
    """Create a client and return it with its key, which cannot be shown again.

    Raises Invalid naming scopes that do not exist.
    """
    unknown = [scope for scope in scopes if scope not in SCOPE_PERMISSIONS]
    if unknown:
        known = ", ".join(SCOPE_PERMISSIONS)
        raise Invalid("Unknown scopes.", errors=[FieldError("/scopes", f"{s} is not one of: {known}") for s in unknown])
    made = make_key()
    client = ApiClient.objects.create(name=name, scopes=scopes, key_prefix=made.prefix, key_hash=made.hash, **fields)
    return client, made.key


@dataclass(frozen=True)
class MadeKey:
    """A new key and what is kept of it."""

    key: str
    prefix: str
    hash: str


def make_key() -> MadeKey:
    """Return a new random key."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = f"ro_{prefix}_{secret}"
    return MadeKey(key, prefix, _digest(key))


def recognize(key: str) -> Recognized | None:
    """Return the live client whose key this is, with its actor, or None; at most API_KEY_CACHE_SECONDS old."""
    digest, moment = _digest(key), time.monotonic()
    known = _recognized.get(digest)
    if known is not None and known.until > moment and known.is_live():
        return known
    _recognized.pop(digest, None)
    client = client_of(key)
    if client is None:
        return None
    _note_use(client)
    ends_at = None if client.key_hash == digest else client.previous_key_until
    return _remember(digest, Recognized(client, client.actor(), moment + settings.API_KEY_CACHE_SECONDS, ends_at))


def _remember(digest: str, found: Recognized) -> Recognized:
    if len(_recognized) >= MOST_REMEMBERED:
        _recognized.clear()
    _recognized[digest] = found
    return found


def _note_use(client: ApiClient) -> None:
    moment = now()
    if client.last_used_at is None or moment - client.last_used_at > USE_IS_NOTED_EVERY:
        ApiClient.objects.filter(pk=client.pk).update(last_used_at=moment)


def client_of(key: str) -> ApiClient | None:
    """Return the live client whose key this is, its present one or the one before it; constant time in the secret."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "ro" or not parts[1]:
        return None
    client = ApiClient.objects.filter(Q(key_prefix=parts[1]) | Q(previous_key_prefix=parts[1])).first()
    if client is None or not client.is_live():
        return None
    digest = _digest(key)
    if hmac.compare_digest(client.key_hash, digest):
        return client
    overlaps = client.previous_key_until is not None and client.previous_key_until > now()
    return client if overlaps and hmac.compare_digest(client.previous_key_hash, digest) else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()

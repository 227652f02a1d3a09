"""API keys: `ro_<12 characters of prefix>_<secret>`. The prefix finds the client, the hash proves the key.

A process remembers a client for API_KEY_CACHE_SECONDS (3 s; 0 in tests), so a revoked key may open that much longer.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient
from retailops.accounts.permissions import SCOPE_PERMISSIONS
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid

USE_IS_NOTED_EVERY = timedelta(minutes=1)
MOST_REMEMBERED = 1000


@dataclass(frozen=True)
class Recognized:
    """A client whose key was proved, its actor, and until when (monotonic seconds) that is believed."""

    client: ApiClient
    actor: Actor
    until: float


_recognized: dict[str, Recognized] = {}


def issue_api_key(name: str, scopes: list[str], **fields: object) -> tuple[ApiClient, str]:
    """Create a client and return it with its key, which cannot be shown again.

    Raises Invalid naming scopes that do not exist.
    """
    unknown = [scope for scope in scopes if scope not in SCOPE_PERMISSIONS]
    if unknown:
        known = ", ".join(SCOPE_PERMISSIONS)
        raise Invalid("Unknown scopes.", errors=[FieldError("/scopes", f"{s} is not one of: {known}") for s in unknown])
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = f"ro_{prefix}_{secret}"
    client = ApiClient.objects.create(name=name, scopes=scopes, key_prefix=prefix, key_hash=_digest(key), **fields)
    return client, key


def recognize(key: str) -> Recognized | None:
    """Return the live client whose key this is, with its actor, or None; at most API_KEY_CACHE_SECONDS old."""
    digest, moment = _digest(key), time.monotonic()
    known = _recognized.get(digest)
    if known is not None and known.until > moment and known.client.is_live():
        return known
    _recognized.pop(digest, None)
    client = client_of(key)
    if client is None:
        return None
    _note_use(client)
    return _remember(digest, Recognized(client, client.actor(), moment + settings.API_KEY_CACHE_SECONDS))


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
    """Return the live client whose key this is, or None; constant time in the secret."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "ro":
        return None
    client = ApiClient.objects.filter(key_prefix=parts[1]).first()
    if client is None or not hmac.compare_digest(client.key_hash, _digest(key)):
        return None
    return client if client.is_live() else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()

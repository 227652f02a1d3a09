"""API clients: create, change, rotate with overlap, revoke. A key is given out once, when it is made."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor, covers, require
from retailops.accounts.api_keys import issue_api_key, make_key
from retailops.accounts.models import ApiClient
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.people.access import MANAGE, access_client, refuse, why_not_scopes
from retailops.people.events import ApiClientChanged, ApiClientCreated, ApiClientRevoked, ApiClientRotated
from retailops.people.inputs import ClientIn, checked_client, checked_reason
from retailops.people.telling import tell_client

BEYOND = "It reaches beyond the regions and brands in which you manage people."
LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True)
class Issued:
    """A client and its new key, which cannot be had again."""

    client: ApiClient
    key: str


@transaction.atomic
def create_client(actor: Actor, data: ClientIn, reason: str) -> Issued:
    """Issue a key to another system. Raises Invalid, Denied beyond the own scope and permissions."""
    require(actor, MANAGE)
    wanted, why = _allowed(actor, data), checked_reason(reason)
    client, key = issue_api_key(
        wanted.name, list(wanted.scopes), regions=list(wanted.scope.regions), brands=list(wanted.scope.brands),
        requests_per_minute=wanted.requests_per_minute, expires_at=wanted.expires_at, created_by=actor.key,
    )  # fmt: skip
    tell_client(ApiClientCreated, client, actor, why)
    return Issued(client, key)


@transaction.atomic
def change_client(actor: Actor, client_id: UUID, data: ClientIn, reason: str) -> ApiClient:
    """Change what the client may do, how often and until when; its key stays. Raises Conflict when it is revoked."""
    client = _live(actor, client_id)
    wanted, why = _allowed(actor, data), checked_reason(reason)
    client.name, client.scopes = wanted.name, list(wanted.scopes)
    client.regions, client.brands = list(wanted.scope.regions), list(wanted.scope.brands)
    client.requests_per_minute, client.expires_at = wanted.requests_per_minute, wanted.expires_at
    client.save(update_fields=["name", "scopes", "regions", "brands", "requests_per_minute", "expires_at"])
    tell_client(ApiClientChanged, client, actor, why)
    return client


@transaction.atomic
def rotate_client(actor: Actor, client_id: UUID, *, overlap: timedelta, reason: str) -> Issued:
    """Give the client a new key; its present one opens for `overlap` more (0 to 30 days), one before that no more.

    Raises Invalid, Denied, Conflict when it is revoked.
    """
    client = _live(actor, client_id)
    refuse(why_not_scopes(actor, client.scopes))
    why = checked_reason(reason)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid("The overlap is too long.", errors=[FieldError("/overlap_hours", "0 to 720 hours.")])
    made, moment = make_key(), now()
    client.previous_key_prefix, client.previous_key_hash = client.key_prefix, client.key_hash
    client.previous_key_until, client.rotated_at = moment + overlap, moment
    client.key_prefix, client.key_hash = made.prefix, made.hash
    client.save()
    tell_client(ApiClientRotated, client, actor, why, overlap_until=client.previous_key_until.isoformat())
    return Issued(client, made.key)


@transaction.atomic
def revoke_client(actor: Actor, client_id: UUID, reason: str) -> ApiClient:
    """Close the client for good: its keys open nothing within API_KEY_CACHE_SECONDS. Raises Conflict when done."""
    client = _live(actor, client_id)
    why = checked_reason(reason)
    client.revoked_at = now()
    client.save(update_fields=["revoked_at"])
    tell_client(ApiClientRevoked, client, actor, why)
    return client


def _live(actor: Actor, client_id: UUID) -> ApiClient:
    client = access_client(actor, client_id, lock=True)
    if client.revoked_at is not None:
        raise Conflict("The client is revoked; that is for good.", present="revoked")
    return client


def _allowed(actor: Actor, data: ClientIn) -> ClientIn:
    wanted = checked_client(data)
    refuse("" if covers(actor, MANAGE, wanted.scope.regions, wanted.scope.brands) else BEYOND)
    refuse(why_not_scopes(actor, wanted.scopes))
    return wanted

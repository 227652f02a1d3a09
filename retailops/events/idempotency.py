"""`Idempotency-Key`: the same request of the same client is done once and answered the same each time.

The stored answer commits with the command, or neither does. A transaction-level advisory lock on (client, key) tells a
second request that comes while the first still runs; it is gone when the first one commits or dies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

from retailops.accounts.actor import Actor
from retailops.events.models import IdempotencyRecord
from retailops.events.raw_sql import fetch_numbered
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Unprocessable
from retailops.lib.joining import sole_command
from retailops.lib.wire import json_text

KEPT = timedelta(days=30)
LONGEST_KEY = 255


class StillRunning(Conflict):
    """The first request with this key has not finished (HTTP 409)."""

    code, title = "idempotency-in-progress", "Still running"


class KeyReused(Unprocessable):
    """The key was used for another request (HTTP 422)."""

    code, title = "idempotency-key-reused", "The key belongs to another request"


@dataclass(frozen=True)
class Answered:
    """An HTTP answer in the making: status, JSON body, and whether it is a stored one given again."""

    status: int
    body: Any
    replayed: bool


class _AnsweredMeanwhile(Exception):
    """The first request committed its answer between our look for it and our lock."""


def with_idempotency(
    actor: Actor, key: str, payload_hash: str, run: Callable[[], tuple[int, Any]]
) -> tuple[int, Any, bool]:
    """Run the command once for (actor, key); return (status, body, replayed).

    `payload_hash` covers method, path and body (SHA-256 hex). `run` executes within this function's transaction and
    returns (status, body as `json_text` takes it); what it raises rolls everything back and nothing is stored, so a
    refused request may be mended and sent again under the same key. Raises StillRunning and KeyReused.
    """
    try:
        return _once(actor, key, payload_hash, run)
    except _AnsweredMeanwhile:
        return _once(actor, key, payload_hash, run)


def _once(actor: Actor, key: str, payload_hash: str, run: Callable[[], tuple[int, Any]]) -> tuple[int, Any, bool]:
    with sole_command():
        stored = remembered(actor.key, key, payload_hash)
        if stored:
            return stored.status, stored.body, True
        status, body = run()
        _remember(actor.key, key, payload_hash, status, body)
        return status, body, False


_TAKE_KEY: LiteralString = """
SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 7304110)), r.request_hash, r.status, r.body
  FROM (VALUES (1)) one LEFT JOIN events_idempotencyrecord r ON r.client = $2 AND r.key = $3
"""


def remembered(client: str, key: str, payload_hash: str) -> Answered | None:
    """Take the key for this transaction and return its stored answer, if it has one. Needs an open transaction.

    Raises StillRunning while another transaction has the key, KeyReused when the stored answer is to another request.
    """
    name = f"{client}\x1f{key}"
    [(taken, request_hash, status, body)] = fetch_numbered(_TAKE_KEY, [name, client, key])
    if not taken:
        raise StillRunning("The first request with this key is still running: try again in a moment.", retry_after=1)
    if request_hash is None:
        return None
    if request_hash != payload_hash:
        raise KeyReused("This Idempotency-Key was used for a different request. Use a new key for a new request.")
    return Answered(status, body, replayed=True)


_REMEMBER: LiteralString = """
INSERT INTO events_idempotencyrecord (client, key, request_hash, status, body, created_at)
VALUES ($1, $2, $3, $4, $5::jsonb, $6)
ON CONFLICT (client, key) DO NOTHING
RETURNING true
"""


def _remember(client: str, key: str, payload_hash: str, status: int, body: Any) -> None:
    """Store the answer in the command's transaction, which has taken the key by `remembered`."""
    text = None if body is None else json_text(body).decode()
    if not fetch_numbered(_REMEMBER, [client, key, payload_hash, status, text, now()]):
        raise _AnsweredMeanwhile


def forget_old(batch: int = 10_000) -> int:
    """Delete answers older than 30 days, at most `batch` of them; return how many."""
    old = IdempotencyRecord.objects.filter(created_at__lt=now() - KEPT).order_by("created_at").values("pk")[:batch]
    return IdempotencyRecord.objects.filter(pk__in=old).delete()[0]

"""Sends deliveries of kind `webhook`: many at once on one event loop, with little work for each.

Any non-2xx is tried again by the endpoint's schedule; 410 means that the customer wants no more: the endpoint is
disabled in the transaction that records the answer. Redirects are not followed.
"""

import queue
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import aiohttp
from yarl import URL

from connectors.addresses import refuse_private_literal
from connectors.credentials import decrypt
from connectors.failures import ForbiddenAddress, VendorFailure, retry_after
from connectors.models import WebhookEndpoint
from connectors.webhooks_out import disabling, envelope
from connectors.webhooks_out.loop import CONNECT_SECONDS, PrivateAddress, Sender, sender
from connectors.webhooks_out.signing import key_of, signature
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.transport import Claimed, Finding, Outcome, Recorded
from retailops.lib.clock import now

GONE = 410
ANSWER_KEPT = 500
CHUNK = 64
LINGER_SECONDS = 0.003


@dataclass(frozen=True, slots=True)
class Target:
    """Where to and signed by what; `keys` has two entries while a secret is rotated."""

    url: URL
    keys: tuple[bytes, ...]


@dataclass(slots=True)
class Told:
    """What one call came to: a status, or the failure that kept it from one."""

    status: int = 0
    failure: str = ""
    body: str = ""
    retry_after: float | None = None


class WebhookTransport:
    """The engine's transport to customers' webhook endpoints."""

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        """Send all of it at once; yield each outcome as it comes."""
        try:
            target = target_of(batch[0].destination_id)
        except VendorFailure as failure:
            return [_refused(claimed, failure) for claimed in batch]
        return _gather(target, batch)

    def find(self, claimed: Claimed) -> Finding:
        """Answer that nothing can be known: receivers drop repeats by `webhook-id`, so that sending again is safe."""
        return Finding(None)

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Disable the endpoints that answered 410."""
        gone = {
            record.outcome.claimed.destination_id
            for record in records
            if record.status == DeliveryStatus.DEAD and record.outcome.http_status == GONE
        }
        for destination_id in gone:
            disabling.gone(destination_id)


def target_of(destination_id: UUID) -> Target:
    """Return where an endpoint's webhooks go. Raises ForbiddenAddress, VendorFailure for an unreadable secret."""
    endpoint = WebhookEndpoint.objects.get(destination_id=destination_id)
    refuse_private_literal(endpoint.url)
    keys = [key_of(decrypt(endpoint.secret))]
    if endpoint.former_secret and endpoint.former_until and endpoint.former_until > now():
        keys.append(key_of(decrypt(endpoint.former_secret)))
    return Target(URL(endpoint.url), tuple(keys))


class Gathering:
    """Carries outcomes from the loop to the sending thread, some at a time: waking a thread costs as much as a call."""

    def __init__(self, here: Sender, expected: int) -> None:
        self._here, self._expected = here, expected
        self._held: list[Outcome] = []
        self._flush_set = False
        self._chunks: queue.SimpleQueue[list[Outcome]] = queue.SimpleQueue()

    def add(self, outcome: Outcome) -> None:
        """Take an outcome (on the loop)."""
        self._held.append(outcome)
        self._expected -= 1
        if not self._expected or len(self._held) >= CHUNK:
            self._flush()
        elif not self._flush_set:
            self._flush_set = True
            self._here.later(LINGER_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flush_set = False
        if self._held:
            self._chunks.put(self._held)
            self._held = []

    def outcomes(self, count: int) -> Iterator[Outcome]:
        """Yield so many outcomes as they come (in the sending thread)."""
        while count:
            chunk = self._chunks.get()
            count -= len(chunk)
            yield from chunk


def _gather(target: Target, batch: Sequence[Claimed]) -> Iterator[Outcome]:
    contents = envelope.bodies(batch)
    here = sender()
    gathering = Gathering(here, len(batch))

    def calls() -> list[Coroutine[Any, Any, None]]:
        limit = aiohttp.ClientTimeout(total=batch[0].timeout_seconds, sock_connect=CONNECT_SECONDS)
        return [_post(here.session, target, claimed, contents[claimed.id], limit, gathering) for claimed in batch]

    here.start(calls)
    return gathering.outcomes(len(batch))


async def _post(
    session: aiohttp.ClientSession,
    target: Target,
    claimed: Claimed,
    content: bytes,
    limit: aiohttp.ClientTimeout,
    gathering: Gathering,
) -> None:
    """Make one call; whatever the library raises is this attempt's outcome."""
    started, clock = now(), perf_counter()
    headers = headers_of(target, claimed, content)
    told = Told()
    try:
        async with session.post(
            target.url, data=content, headers=headers, allow_redirects=False, timeout=limit
        ) as response:
            told.status = response.status
            answer = await response.content.read(ANSWER_KEPT)
            if not 200 <= told.status < 300:
                told.retry_after, told.body = retry_after(response.headers), answer.decode(errors="replace")
    except Exception as error:
        told.failure = _name(error)
    milliseconds = int((perf_counter() - clock) * 1000)
    request = {
        "url": str(target.url),
        "webhook-id": claimed.effect_key,
        "webhook-timestamp": headers["webhook-timestamp"],
        "bytes": len(content),
    }
    gathering.add(_outcome(claimed, told, request, started, milliseconds))


def headers_of(target: Target, claimed: Claimed, content: bytes) -> dict[str, str]:
    """Return the headers of one attempt. The id is the event's: constant over retries."""
    message_id, timestamp = claimed.effect_key, str(int(time.time()))
    return {
        "Content-Type": envelope.CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(target.keys, message_id, timestamp, content),
        "traceparent": envelope.traceparent(claimed),
    }


def _outcome(claimed: Claimed, told: Told, request: dict[str, Any], started: datetime, milliseconds: int) -> Outcome:
    result, code, message = _class_of(told.status, told.failure)
    return Outcome(
        claimed,
        result,
        code=code,
        message=message,
        http_status=told.status or None,
        retry_after=told.retry_after,
        request=request,
        response={"status": told.status, "body": told.body} if told.body else None,
        started_at=started,
        duration_ms=milliseconds,
    )


def _class_of(status: int, failure: str) -> tuple[OutcomeClass, str, str]:
    if 200 <= status < 300:
        return OutcomeClass.DELIVERED, "", ""
    if status == GONE:
        return OutcomeClass.BUSINESS, "gone", "The endpoint answered 410: it wants no more webhooks."
    if status:
        return OutcomeClass.TRANSIENT, f"http_{status}", f"The endpoint answered {status}; only 2xx counts."
    if failure.startswith("forbidden_address"):
        return OutcomeClass.CONTRACT, "forbidden_address", failure
    return OutcomeClass.TRANSIENT, f"network.{failure.partition(':')[0]}", failure


def _name(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PrivateAddress | ForbiddenAddress):
            return f"forbidden_address: {cause}"
        cause = cause.__cause__
    return f"{type(error).__name__}: {error}"[:300]


def _refused(claimed: Claimed, failure: VendorFailure) -> Outcome:
    result = OutcomeClass.CONTRACT if failure.result == OutcomeClass.AUTH else failure.result
    return Outcome(claimed, result, code=failure.code, message=failure.message)

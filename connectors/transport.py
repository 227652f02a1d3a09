"""Sends deliveries of kind `connection` through the vendors' connectors, classes what came of them, keeps the exchange.

No transaction is open here. The engine calls `send` from several threads; a batch is within the destination's
concurrency, so that all of it goes at once.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cache
from time import perf_counter
from uuid import UUID

import httpx
import structlog
from django.db import connections
from pydantic import ValidationError

from connectors.answers import as_message
from connectors.context import as_it_was, context_of_destination
from connectors.failures import VendorFailure, failure_of_error
from connectors.models import Connection
from connectors.nudging import nudge_inbox_after_commit
from connectors.outbound_http import Exchange, capturing
from connectors.protocol import ConnectionContext, Connector
from connectors.registry import connector_of
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.inserting import insert_missing
from retailops.events.models import Attempt
from retailops.events.prepared import Prepared
from retailops.events.raw_sql import PASSING_ERRORS
from retailops.events.transport import Claimed, Finding, Outcome, Recorded
from retailops.lib import tracing
from retailops.lib.clock import now
from retailops.lib.log_lines import acting

log = structlog.get_logger(__name__)
THREADS = 32
_CONNECTIONS = Prepared(
    lambda ids: Connection.objects.filter(destination_id__in=ids).values_list("destination_id", "id")
)
ENGINE = "system:engine"


class ConnectionTransport:
    """The engine's transport to connections."""

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        """Send each delivery of one destination and yield its outcome as soon as it is known."""
        try:
            conn = context_of_destination(batch[0].destination_id)
            connector = connector_of(conn.vendor)
        except VendorFailure as failure:
            yield from (_failed(claimed, failure) for claimed in batch)
            return
        conn = _with_history(conn, connector, batch)
        ready, unfit = _with_their_mapping(conn, batch)
        yield from unfit
        if len(ready) == 1:
            yield attempt(connector, *ready[0])
        elif ready:
            yield from _all_at_once(connector, ready)

    def find(self, claimed: Claimed) -> Finding:
        """Ask the vendor for the effect key; what cannot be asked now is unknown."""
        try:
            conn = context_of_destination(claimed.destination_id)
            return connector_of(conn.vendor).find(conn, claimed)
        except (VendorFailure, httpx.HTTPError) as error:
            log.info("look_up.unanswered", delivery_id=str(claimed.id), error=str(error))
            return Finding(None, evidence={"error": f"{type(error).__name__}: {error}"})

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Store the answers of delivered outcomes in the inbox, in the transaction that records them."""
        told = [r.outcome for r in records if r.status == DeliveryStatus.DELIVERED and r.outcome.answer]
        if not told:
            return
        destinations = {outcome.claimed.destination_id for outcome in told}
        connections = dict(_CONNECTIONS.all(destinations))
        messages = [as_message(connections[outcome.claimed.destination_id], outcome) for outcome in told]
        insert_missing(messages)
        nudge_inbox_after_commit()


def _with_their_mapping(
    conn: ConnectionContext, batch: Sequence[Claimed]
) -> tuple[list[tuple[ConnectionContext, Claimed]], list[Outcome]]:
    """Return each with the context that it is sent in, most with the mapping in force; and what cannot be sent so."""
    ready, unfit = [], []
    contexts = {conn.mapping_version: conn}
    for claimed in batch:
        version = claimed.mapping_version or conn.mapping_version
        try:
            if version not in contexts:
                contexts[version] = as_it_was(conn, version)
            ready.append((contexts[version], claimed))
        except VendorFailure as failure:
            unfit.append(_failed(claimed, failure))
    return ready, unfit


def _all_at_once(connector: Connector, ready: Sequence[tuple[ConnectionContext, Claimed]]) -> Iterator[Outcome]:
    futures = [_pool(os.getpid()).submit(_in_a_thread, connector, conn, claimed) for conn, claimed in ready]
    for future in as_completed(futures):
        yield future.result()


def _in_a_thread(connector: Connector, conn: ConnectionContext, claimed: Claimed) -> Outcome:
    """Make one call in a thread of the pool, which keeps no database connection of what a connector read there.

    Nothing else ever closes it: one that a restart broke would stay broken, and all threads would hold one each.
    """
    try:
        return attempt(connector, conn, claimed)
    finally:
        connections.close_all()


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the senders of this process: threads do not survive a fork, so the process is the key."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="connection")


def attempt(connector: Connector, conn: ConnectionContext, claimed: Claimed) -> Outcome:
    """Make one call and return what came of it, with the redacted exchange. Never raises."""
    started, clock = now(), perf_counter()
    # The trace of a call is the caller's who caused it, else the story's own: what others keep of it leads back.
    told = tracing.span(
        claimed.operation, kind=tracing.CLIENT, trace=claimed.correlation_id, parent=claimed.traceparent,
        connection=conn.name,
    )  # fmt: skip
    with acting(lambda: claimed.actor or ENGINE), told as span, capturing() as exchange:
        outcome = _outcome(connector, conn, claimed, exchange)
        span.failed = outcome.result != OutcomeClass.DELIVERED
    return replace(
        outcome,
        request=exchange.request,
        response=exchange.response,
        http_status=outcome.http_status or exchange.http_status,
        started_at=started,
        duration_ms=int((perf_counter() - clock) * 1000),
        config_version=conn.config_version,
        mapping_version=conn.mapping_version,
    )


def _outcome(connector: Connector, conn: ConnectionContext, claimed: Claimed, exchange: Exchange) -> Outcome:
    try:
        return connector.send(conn, claimed)
    except VendorFailure as failure:
        return _failed(claimed, failure)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failed(claimed, failure_of_error(error, repeat_safe=claimed.repeat_safe))
    except Exception as error:
        log.exception("connector.failed", vendor=conn.vendor, delivery_id=str(claimed.id))
        return _failed(claimed, _unforeseen(error, claimed, exchange))


def _unforeseen(error: Exception, claimed: Claimed, exchange: Exchange) -> VendorFailure:
    """A fault of our own: harmless before the call, in doubt after it (the remote may have done it).

    A database that went away passes, so the delivery is tried again; anything else is a fault of code or mapping.
    """
    detail = f"{type(error).__name__}: {error}"[:500]
    if exchange.request is not None and not claimed.repeat_safe and not _refused(exchange):
        return VendorFailure(OutcomeClass.IN_DOUBT, "answer_not_understood", detail)
    if isinstance(error, PASSING_ERRORS):
        return VendorFailure(OutcomeClass.TRANSIENT, "database_away", detail)
    code = "invalid_message" if isinstance(error, ValidationError | KeyError) else "connector_fault"
    return VendorFailure(OutcomeClass.CONTRACT, code, detail)


def _refused(exchange: Exchange) -> bool:
    return exchange.http_status is not None and 400 <= exchange.http_status < 500


def _failed(claimed: Claimed, failure: VendorFailure) -> Outcome:
    return Outcome(
        claimed,
        failure.result,
        code=failure.code[:120],
        message=failure.message,
        http_status=failure.http_status,
        retry_after=failure.retry_after,
        external_reference=failure.external_reference,
    )


def _with_history(conn: ConnectionContext, connector: Connector, batch: Sequence[Claimed]) -> ConnectionContext:
    retried = [claimed.id for claimed in batch if claimed.attempt_no > 1]
    if not connector.keeps_errors or not retried:
        return conn
    return replace(conn, answered_500=_answered_500(retried))


def _answered_500(delivery_ids: Sequence[UUID]) -> Counter[UUID]:
    rows = Attempt.objects.filter(delivery_id__in=delivery_ids, http_status=500)
    return Counter(rows.values_list("delivery_id", flat=True))

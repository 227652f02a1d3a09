"""The HTTP client of the connectors: one keep-alive client a connection, guarded, with explicit timeouts, captured."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from connectors import addresses, redaction
from retailops.lib import tracing

USER_AGENT = "RetailOps/1.0"
POOL = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)
DEFAULT_TIMEOUT = httpx.Timeout(20, connect=5)


@dataclass
class Exchange:
    """What went over the wire during one attempt: the last request and its response, redacted."""

    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    http_status: int | None = None


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextlib.contextmanager
def capturing() -> Iterator[Exchange]:
    """Keep, redacted, what is sent and answered by this thread within the block."""
    exchange = Exchange()
    token = _exchange.set(exchange)
    try:
        yield exchange
    finally:
        _exchange.reset(token)


class GuardedTransport(httpx.HTTPTransport):
    """Connects to the very address that was checked to be public, with the name kept for TLS and the Host header."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises ForbiddenAddress, httpx.ConnectError for a name that does not resolve."""
        if not addresses.private_allowed():
            self._pin(request)
        return super().handle_request(request)

    def _pin(self, request: httpx.Request) -> None:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            address = addresses.checked_address(host, port)
        except OSError as error:
            raise httpx.ConnectError(f"{host} does not resolve", request=request) from error
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)


def _tell_trace(request: httpx.Request) -> None:
    """Make what the called one does a part of the story's trace."""
    if told := tracing.traceparent():
        request.headers[tracing.HEADER] = told


def _keep_request(request: httpx.Request) -> None:
    exchange = _exchange.get()
    if exchange is None:
        return
    exchange.request = {
        "method": request.method,
        "url": str(request.url.copy_with(username=None, password=None)),
        "headers": redaction.headers(request.headers),
        "body": redaction.body(request.read(), request.headers.get("content-type", "")),
    }


def _keep_response(response: httpx.Response) -> None:
    exchange = _exchange.get()
    if exchange is None:
        return
    exchange.http_status = response.status_code
    exchange.response = {
        "status": response.status_code,
        "headers": redaction.headers(response.headers),
        "body": redaction.body(response.read(), response.headers.get("content-type", "")),
    }


def new_client() -> httpx.Client:
    """Return a guarded client: TLS verified, no redirects, no proxy from the environment, timeouts always."""
    return httpx.Client(
        transport=GuardedTransport(limits=POOL, retries=0),
        timeout=DEFAULT_TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": USER_AGENT},
        event_hooks={"request": [_tell_trace, _keep_request], "response": [_keep_response]},
    )


class _Clients:
    """Clients by connection; one that was not used for an hour is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[UUID, tuple[httpx.Client, float]] = {}

    def of(self, connection_id: UUID) -> httpx.Client:
        with self._lock:
            moment = time.monotonic()
            client = self._held[connection_id][0] if connection_id in self._held else new_client()
            self._held[connection_id] = (client, moment)
            for stale in [key for key, (_, used) in self._held.items() if used < moment - 3600]:
                self._held.pop(stale)[0].close()
            return client

    def drop(self, connection_id: UUID) -> None:
        with self._lock:
            client, _ = self._held.pop(connection_id, (None, 0.0))
        if client is not None:
            client.close()

    def close(self) -> None:
        with self._lock:
            while self._held:
                self._held.popitem()[1][0].close()

    def forget(self) -> None:
        """After a fork: the sockets belong to the parent."""
        self._lock, self._held = threading.Lock(), {}


_clients = _Clients()


def client_for(connection_id: UUID) -> httpx.Client:
    """Return this process's client of a connection; safe to share between threads."""
    return _clients.of(connection_id)


def close_client(connection_id: UUID) -> None:
    """Close the client of one connection, if there is one."""
    _clients.drop(connection_id)


def close_clients() -> None:
    """Close every client of this process."""
    _clients.close()


os.register_at_fork(after_in_child=_clients.forget)


def timeout(seconds: float) -> httpx.Timeout:
    """Return timeouts for one call that may take so long: connecting gets at most 5 s of it."""
    return httpx.Timeout(seconds, connect=min(5.0, seconds))

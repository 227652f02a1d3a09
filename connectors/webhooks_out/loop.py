"""One event loop a process, in a thread of its own that lives as long as the worker, so that connections stay open."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

import aiohttp
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from connectors.addresses import is_public, private_allowed
from connectors.outbound_http import USER_AGENT

CONNECTIONS = 512
KEEPALIVE_SECONDS = 30
CONNECT_SECONDS = 5


class PrivateAddress(OSError):
    """The name leads into a private network."""


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses those of which any address is private; the connection goes to what was checked."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises PrivateAddress, OSError."""
        found = await self._resolver.resolve(host, port, family)
        if not private_allowed() and not all(is_public(entry["host"]) for entry in found):
            raise PrivateAddress(f"'{host}' is not a public address")
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


class Sender:
    """The loop, its thread and its session. `process` guards against a fork, which copies no threads."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._ready = threading.Event()
        self._session: aiohttp.ClientSession | None = None
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()
        self._ready.wait()

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the session; to be used on the loop only."""
        if self._session is None:
            raise RuntimeError("the loop has not started")
        return self._session

    def start(self, make: Callable[[], list[Coroutine[Any, Any, None]]]) -> None:
        """Have the coroutines that `make` returns run on the loop, all at once."""
        self._loop.call_soon_threadsafe(self._spawn, make)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds; to be used on the loop only."""
        self._loop.call_later(seconds, call)

    def _spawn(self, make: Callable[[], list[Coroutine[Any, Any, None]]]) -> None:
        for coroutine in make():
            task = self._loop.create_task(coroutine)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()

    async def _open(self) -> None:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS, resolver=GuardedResolver(), ttl_dns_cache=60, keepalive_timeout=KEEPALIVE_SECONDS
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            auto_decompress=False,
            trust_env=False,
        )


@cache
def _sender(process: int) -> Sender:
    return Sender()


_making = threading.Lock()


def sender() -> Sender:
    """Return this process's sender, started at its first use."""
    with _making:
        return _sender(os.getpid())

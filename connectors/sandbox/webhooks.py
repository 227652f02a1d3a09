"""Outgoing webhooks: a kept queue, signed at the moment of sending, in order within one subject.

A message is sent until a 2xx comes, at most `tries` times with growing pauses; whatever is pending when the process
dies is sent after the next start. Without an endpoint a message is kept as `unsent`; `redeliver` sends it later.
"""

import asyncio
import heapq
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.faults import FaultDesk
from connectors.sandbox.store import Store, dumps, now

log = logging.getLogger("sandbox.webhooks")

# As many as Shopify makes; enough for a receiver that starts after the sandbox.
TRIES = 8
PAUSE_LIMIT_S = 60
TIMEOUT_S = 10
IN_FLIGHT_PER_SYSTEM = 8


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a signer sees: the raw body that goes out, its topic, id and secrets (newest first)."""

    message_id: str
    topic: str
    body: bytes
    secrets: list[str]
    at: int


Signer = Callable[[Outgoing], Mapping[str, str]]
Lane = tuple[str, str]


class HookQueue:
    def __init__(self, store: Store, faults: FaultDesk, *, retry_base_s: float = 0.5, tries: int = TRIES) -> None:
        self._store, self._faults, self._retry_base_s, self._tries = store, faults, retry_base_s, tries
        self._signers: dict[str, Signer] = {}
        self._heaps: dict[Lane, list[tuple[float, int, int]]] = {}
        self._tasks: dict[Lane, asyncio.Task[None]] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._session: aiohttp.ClientSession | None = None

    def register(self, system: str, signer: Signer) -> None:
        self._signers[system] = signer
        self._slots[system] = asyncio.Semaphore(IN_FLIGHT_PER_SYSTEM)

    # Endpoint ----------------------------------------------------------------------------------------------------

    def endpoint(self, system: str) -> Json | None:
        value: Json | None = self._store.setting(system, "endpoint")
        return value

    def set_endpoint(self, system: str, value: Json) -> Json:
        """`url` and `secret` (or `secrets`, newest first, during rotation); an empty url removes it."""
        secrets = value.get("secrets") or [value.get("secret") or ""]
        url = value.get("url")
        if not isinstance(url, str) or (url and not url.startswith(("http://", "https://"))):
            raise BadRequest("url must be an http(s) address, or empty to remove the endpoint")
        if url and not all(isinstance(secret, str) and secret for secret in secrets):
            raise BadRequest("secret is missing")
        endpoint = {"url": url, "secrets": secrets} if url else None
        if endpoint:
            try:
                self._signers[system](Outgoing("check", "check", b"", secrets, 0))
            except ValueError as error:
                raise BadRequest(f"secret cannot be used to sign: {error}") from error
        self._store.put_setting(system, "endpoint", endpoint)
        return {"url": url}

    # Queue -------------------------------------------------------------------------------------------------------

    def emit(self, system: str, *, lane: str, topic: str, message_id: str, body: Any) -> None:
        """Put one webhook on the queue, within the caller's transaction; the system's faults apply here."""
        status = "pending" if self.endpoint(system) else "unsent"
        if self._faults.take(system, "drop_webhooks", topic):
            status = "dropped"
        copies = 2 if self._faults.take(system, "duplicate_webhooks", topic) else 1
        held = self._faults.take(system, "reorder_webhooks", topic)
        window_s = held.window_ms / 1000 if held else None
        for _ in range(copies):
            self._insert((system, lane), message_id, topic, dumps(body), status, window_s)

    def redeliver(self, system: str, *, message_ids: list[str], topics: list[str], statuses: list[str]) -> int:
        """Send stored messages once more (each id once), in their first order; how many."""
        rows = self._store.execute(
            "select min(seq) as seq, lane, message_id, topic, body from hooks where system=? and (?='' or "
            "message_id in (select value from json_each(?))) and (?='' or topic in (select value from json_each(?))) "
            "and (?='' or status in (select value from json_each(?))) group by message_id order by seq",
            (system, *_filter(message_ids), *_filter(topics), *_filter(statuses)),
        ).fetchall()
        for row in rows:
            self._insert((system, row["lane"]), row["message_id"], row["topic"], row["body"], "pending", None)
        return len(rows)

    def counts(self, system: str) -> dict[str, int]:
        rows = self._store.execute("select status, count(*) as n from hooks where system=? group by status", (system,))
        return {row["status"]: row["n"] for row in rows}

    def listing(self, system: str, limit: int) -> list[Json]:
        rows = self._store.execute("select * from hooks where system=? order by seq desc limit ?", (system, limit))
        return [dict(row) for row in rows]

    def _insert(self, lane: Lane, message_id: str, topic: str, body: str, status: str, window_s: float | None) -> None:
        created = now()
        cursor = self._store.execute(
            "insert into hooks (system, lane, message_id, topic, body, status, tries, sort_at, sort_sub, created) "
            "values (?,?,?,?,?,?,0,0,0,?)",
            (*lane, message_id, topic, body, status, created),
        )
        seq = cursor.lastrowid or 0
        # Reordered messages share the end of their window as due time and are sorted backwards within it.
        order = (created, seq) if window_s is None else (self._window_end(lane, created, window_s), -seq)
        self._store.execute("update hooks set sort_at=?, sort_sub=? where seq=?", (*order, seq))
        if status == "pending":
            self._store.after_commit(lambda: self._push(lane, (*order, seq)))

    def _window_end(self, lane: Lane, created: float, window_s: float) -> float:
        """The end of the lane's open window, or of one that begins now."""
        row = self._store.execute(
            "select max(sort_at) as at from hooks where system=? and lane=? and status='pending' and sort_sub < 0 "
            "and sort_at > ?",
            (*lane, created),
        ).fetchone()
        return float(row["at"] or created + window_s)

    # Sending -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64))
        for row in self._store.execute("select * from hooks where status='pending' order by seq").fetchall():
            self._push((row["system"], row["lane"]), (row["sort_at"], row["sort_sub"], row["seq"]))

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def _push(self, lane: Lane, item: tuple[float, int, int]) -> None:
        if self._session is None:
            return  # not started yet: start() reads the pending rows
        heapq.heappush(self._heaps.setdefault(lane, []), item)
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._drain(lane))

    async def _drain(self, lane: Lane) -> None:
        heap = self._heaps[lane]
        try:
            while heap:
                if (wait := heap[0][0] - now()) > 0:
                    await asyncio.sleep(wait)
                    continue
                await self._deliver(lane, heapq.heappop(heap)[2])
        finally:
            del self._tasks[lane], self._heaps[lane]

    async def _deliver(self, lane: Lane, seq: int) -> None:
        """Send one message until it is taken or given up."""
        while True:
            # A number may be given again after a roll-back, so the row must also be of this lane.
            row = self._store.execute(
                "select * from hooks where seq=? and system=? and lane=? and status='pending'", (seq, *lane)
            ).fetchone()
            endpoint = self.endpoint(lane[0])
            if row is None:
                return
            if endpoint is None:
                self._settle(seq, "unsent", row["tries"], None, None)
                return
            async with self._slots[lane[0]]:
                code, error = await self._post(lane[0], endpoint, row)
            tries = row["tries"] + 1
            if code is not None and 200 <= code < 300:
                self._settle(seq, "delivered", tries, code, None)
                return
            self._settle(seq, "failed" if tries >= self._tries else "pending", tries, code, error)
            if tries >= self._tries:
                log.warning("%s webhook %s given up: %s", lane[0], row["message_id"], error or code)
                return
            await asyncio.sleep(min(self._retry_base_s * 3 ** (tries - 1), PAUSE_LIMIT_S))

    async def _post(self, system: str, endpoint: Json, row: sqlite3.Row) -> tuple[int | None, str | None]:
        assert self._session is not None  # noqa: S101 - narrows the type; start() came first
        body = row["body"].encode()
        message = Outgoing(row["message_id"], row["topic"], body, endpoint["secrets"], int(now()))
        headers = {"Content-Type": "application/json", **self._signers[system](message)}
        try:
            async with self._session.post(
                endpoint["url"], data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                return response.status, None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, type(error).__name__

    def _settle(self, seq: int, status: str, tries: int, code: int | None, error: str | None) -> None:
        self._store.execute(
            "update hooks set status=?, tries=?, last_status=?, last_error=? where seq=?",
            (status, tries, code, error, seq),
        )


def _filter(values: list[str]) -> tuple[str, str]:
    """A switch (empty: take all) and the JSON list for the query's `json_each`."""
    return ("x" if values else "", dumps(values))

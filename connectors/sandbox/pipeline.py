"""The way of one request through the faults to a fake and back."""

import asyncio
import logging
import secrets
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from connectors.sandbox.exchange import Call, Fake, Reply
from connectors.sandbox.faults import FaultDesk
from connectors.sandbox.jobs import JobQueue
from connectors.sandbox.journal import Journal
from connectors.sandbox.store import Store
from connectors.sandbox.webhooks import HookQueue

log = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True)
class World:
    """What every fake works with."""

    store: Store
    faults: FaultDesk
    hooks: HookQueue
    jobs: JobQueue
    journal: Journal


class Hangup(Exception):
    """The connection is to be closed without an answer."""


class Pipeline:
    """Serves one fake under its prefix."""

    def __init__(self, world: World, fake: Fake) -> None:
        self._world, self._fake = world, fake
        self._in_flight = 0
        self._busy: Counter[str] = Counter()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        call = await _read(request)
        operation, reads = self._fake.classify(call)
        marks: list[str] = []
        reply: Reply | None = None
        self._in_flight += 1
        try:
            reply = await self._through(call, operation, reads, marks)
        except Hangup:
            if request.transport is not None:
                request.transport.abort()
        except Exception:
            # A defect of the fake looks to the client like an outage of the vendor.
            log.exception("%s %s failed", self._fake.name, operation)
            reply = self._fake.refuse(500)
        finally:
            self._in_flight -= 1
            self._world.journal.record(self._fake.name, operation, call, reply, ",".join(marks))
        return _response(reply or Reply(500), call)

    async def _through(self, call: Call, operation: str, reads: bool, marks: list[str]) -> Reply:
        if self._strikes("reset", operation, reads, marks):
            raise Hangup
        limit = self._fake.concurrency_limit
        if limit is not None and self._in_flight > limit:
            return self._fake.refuse(429)
        if self._strikes("unauthorized", operation, reads, marks) or not self._fake.authorized(call):
            return self._fake.refuse(401)
        if fault := self._world.faults.take(self._fake.name, "throttle_429", operation):
            marks.append("throttle_429")
            return self._fake.refuse(429, retry_after_s=fault.retry_after_s)
        busy = self._fake.busy_key(call)
        if busy is not None and self._busy[busy]:
            return self._fake.overlap()
        return await self._execute(call, operation, reads, marks, busy)

    async def _execute(self, call: Call, operation: str, reads: bool, marks: list[str], busy: str | None) -> Reply:
        await self._wait_slowly(operation, marks, busy)
        faults = self._world.faults
        with self._world.store.transaction():
            error = faults.take(self._fake.name, "error_500", operation)
            lost = faults.take(self._fake.name, "lost_answer", operation, reads=reads)
            reply = self._fake.answer(call, fails=error is not None, after_effect=bool(error and error.after_effect))
        marks += ["error_500"] * (error is not None)
        if lost is None:
            return reply
        marks.append("lost_answer")
        await asyncio.sleep(lost.hang_ms / 1000)
        raise Hangup

    async def _wait_slowly(self, operation: str, marks: list[str], busy: str | None) -> None:
        fault = self._world.faults.take(self._fake.name, "slow", operation)
        if fault is None:
            return
        marks.append("slow")
        if busy is not None:
            self._busy[busy] += 1
        try:
            await asyncio.sleep(fault.ms / 1000)
        finally:
            if busy is not None:
                self._busy[busy] -= 1

    def _strikes(self, kind: str, operation: str, reads: bool, marks: list[str]) -> bool:
        if self._world.faults.take(self._fake.name, kind, operation, reads=reads) is None:
            return False
        marks.append(kind)
        return True


async def _read(request: web.Request) -> Call:
    tail = request.match_info.get("tail", "")
    return Call(
        method=request.method,
        path="/" + tail,
        query=parse_qsl(request.query_string, keep_blank_values=True),
        headers=request.headers,
        body=await request.read(),
        base_url=f"{request.scheme}://{request.host}",
        request_id="req_" + secrets.token_hex(7),
    )


def _response(reply: Reply, call: Call) -> web.Response:
    content_type = None if reply.body is None else "application/json"
    headers = {"Request-Id": call.request_id, **reply.headers}
    if "Content-Type" in headers:
        content_type = None
    return web.Response(status=reply.status, body=reply.encoded(), headers=headers, content_type=content_type)

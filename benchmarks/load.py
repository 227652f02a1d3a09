"""A bounded HTTP load from N clients with keep-alive, in a process of its own (it must not share our interpreter)."""

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class Request:
    """One POST: path, body (JSON text) and headers."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Load:
    """What came of a load: answers by status, seconds from first to last, and latencies in seconds, sorted."""

    statuses: dict[int, int]
    seconds: float
    latencies: list[float]

    def per_second(self, status: int) -> float:
        """Answers of that status per second."""
        return self.statuses.get(status, 0) / self.seconds

    def percentile(self, share: float) -> float:
        """The exact latency at a share (0.95), in milliseconds."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


def post_all(base: str, requests: Sequence[Request], clients: int) -> Load:
    """Send every request once, from so many clients at a time; runs in a child process."""
    queue: multiprocessing.Queue[str] = multiprocessing.Queue()
    child = multiprocessing.Process(target=_child, args=(base, list(requests), clients, queue))
    child.start()
    result = json.loads(queue.get(timeout=600))
    child.join()
    statuses = {int(status): count for status, count in result["statuses"].items()}
    return Load(statuses, result["seconds"], sorted(result["latencies"]))


def _child(base: str, requests: list[Request], clients: int, queue: "multiprocessing.Queue[str]") -> None:
    queue.put(json.dumps(asyncio.run(_run(base, requests, clients))))


async def _run(base: str, requests: list[Request], clients: int) -> dict[str, object]:
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    waiting = iter(requests)
    async with aiohttp.ClientSession(base, connector=aiohttp.TCPConnector(limit=clients)) as session:

        async def client() -> None:
            for request in waiting:
                started = time.perf_counter()
                async with session.post(request.path, data=request.body, headers=request.headers) as answer:
                    await answer.read()
                latencies.append(time.perf_counter() - started)
                statuses[answer.status] += 1

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        seconds = time.perf_counter() - began
    return {"statuses": statuses, "seconds": seconds, "latencies": latencies}

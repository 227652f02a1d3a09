"""A customer's webhook receiver: answers 204, after a pause if told so, and counts what it got.

Run as a process: `python -m benchmarks.receiver PORT PAUSE_MS`.
"""

import asyncio
import sys
import time

from aiohttp import web

arrivals: dict[str, float] = {}


async def receive(request: web.Request) -> web.Response:
    """Take one webhook: note when its id arrived, by the wall clock."""
    await request.read()
    arrivals.setdefault(request.headers["webhook-id"], time.time())
    if PAUSE:
        await asyncio.sleep(PAUSE)
    return web.Response(status=204)


async def count(request: web.Request) -> web.Response:
    """Tell how many distinct webhooks arrived."""
    return web.json_response(len(arrivals))


async def times(request: web.Request) -> web.Response:
    """Tell when each arrived."""
    return web.json_response(arrivals)


PAUSE = int(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0

if __name__ == "__main__":
    app = web.Application()
    app.add_routes([web.post("/", receive), web.get("/count", count), web.get("/times", times)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)

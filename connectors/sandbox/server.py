"""Puts the fakes behind one HTTP server and runs it."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from connectors.sandbox.control import Control
from connectors.sandbox.exchange import BadRequest
from connectors.sandbox.faults import FaultDesk
from connectors.sandbox.jobs import JobQueue
from connectors.sandbox.journal import Journal
from connectors.sandbox.netsuite.fake import NetSuiteFake
from connectors.sandbox.pipeline import Pipeline, World
from connectors.sandbox.shopify.fake import ShopifyFake
from connectors.sandbox.store import Store
from connectors.sandbox.stripe.fake import StripeFake
from connectors.sandbox.webhooks import TRIES, HookQueue
from connectors.sandbox.wms.fake import WmsFake

FAKES = (StripeFake, NetSuiteFake, ShopifyFake, WmsFake)
BODY_LIMIT = 32 * 1024 * 1024


def build_app(
    state: str, *, control_token: str = "", retry_base_s: float = 0.5, webhook_tries: int = TRIES
) -> web.Application:
    """The application over the state file `state` (`:memory:` for none). `control_token` guards /_sandbox."""
    store = Store(state)
    faults = FaultDesk(store)
    world = World(
        store,
        faults,
        HookQueue(store, faults, retry_base_s=retry_base_s, tries=webhook_tries),
        JobQueue(store),
        Journal(store),
    )
    fakes = {fake.name: fake for fake in (kind(world) for kind in FAKES)}
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_control_errors])
    Control(world, fakes, control_token).routes(app)
    for name, fake in fakes.items():
        app.router.add_route("*", f"/{name}/{{tail:.*}}", Pipeline(world, fake).serve)
    app.router.add_get("/", _index)
    app.cleanup_ctx.append(_background(world))
    return app


def _background(world: World) -> Any:
    async def running(_app: web.Application) -> AsyncIterator[None]:
        await world.hooks.start()
        world.jobs.start()
        yield
        await world.jobs.stop()
        await world.hooks.stop()
        world.store.close()

    return running


@web.middleware
async def _control_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except BadRequest as error:
        return web.json_response({"error": str(error)}, status=400)
    except json.JSONDecodeError as error:
        return web.json_response({"error": f"The body is not JSON: {error}"}, status=400)
    return response


async def _index(_request: web.Request) -> web.Response:
    return web.json_response({"service": "sandbox", "systems": [kind.name for kind in FAKES], "control": "/_sandbox"})


async def serve(app: web.Application, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; prints the address once it listens (port 0 picks a free one). Raises OSError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024, reuse_address=True).start()
        print(f"sandbox listening on http://{host}:{runner.addresses[0][1]}", flush=True)
        await _stopped()
    finally:
        await runner.cleanup()


async def _stopped() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()

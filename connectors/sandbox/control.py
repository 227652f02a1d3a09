"""The control API under /_sandbox: faults, webhook endpoint, books, seeds. A tool for the same machine."""

import hmac
from collections.abc import Callable
from typing import Any

from aiohttp import web

from connectors.sandbox.exchange import BadRequest, Fake, Json
from connectors.sandbox.faults import KINDS
from connectors.sandbox.pipeline import World

Act = Callable[..., Any]


class Control:
    """`fakes` may bring their own control routes: `controls()` gives (method, path below the system, act)."""

    def __init__(self, world: World, fakes: dict[str, Any], token: str) -> None:
        self._world, self._token = world, token
        self._fakes: dict[str, Fake] = fakes
        self._own = [(name, *route) for name, fake in fakes.items() for route in fake.controls()]

    def routes(self, app: web.Application) -> None:
        add = app.router.add_route
        add("GET", "/_sandbox", self._json(self._overview))
        add("GET", "/_sandbox/journal", self._json(self._journal))
        for name, method, path, act in self._own:
            add(method, f"/_sandbox/{name}{path}", self._json(self._vendor_act(act)))
        system = "/_sandbox/{system}"
        add("GET", system + "/faults", self._json(self._get_faults))
        add("PUT", system + "/faults", self._json(self._put_faults))
        add("POST", system + "/webhook-endpoint", self._json(self._set_endpoint))
        add("GET", system + "/webhooks", self._json(self._webhooks))
        add("POST", system + "/redeliver", self._json(self._redeliver))
        add("GET", system + "/books", self._json(self._books))
        add("POST", system + "/reset", self._json(self._reset))

    def _json(self, act: Act) -> Any:
        async def handle(request: web.Request) -> web.Response:
            given = request.headers.get("X-Sandbox-Token", "")
            if self._token and not hmac.compare_digest(given.encode(), self._token.encode()):
                return web.json_response({"error": "X-Sandbox-Token is missing or wrong"}, status=401)
            body = await request.json() if request.can_read_body else {}
            system = request.match_info.get("system", "")
            if system and system not in self._fakes:
                return web.json_response({"error": f"No system {system}"}, status=404)
            with self._world.store.transaction():
                result = act(request, body)
            return web.json_response(result)

        return handle

    @staticmethod
    def _vendor_act(act: Act) -> Act:
        return lambda request, body: act(body, **request.match_info)

    def _overview(self, _request: web.Request, _body: Any) -> Json:
        return {"systems": {name: self._summary(name) for name in self._fakes}, "fault_kinds": KINDS}

    def _summary(self, system: str) -> Json:
        endpoint = self._world.hooks.endpoint(system)
        return {
            "counts": self._world.store.counts(system),
            "webhooks": self._world.hooks.counts(system),
            "webhook_url": endpoint["url"] if endpoint else None,
            "faults": self._world.faults.listing(system),
            "operations": self._fakes[system].operations(),
        }

    def _journal(self, request: web.Request, _body: Any) -> Json:
        limit = _whole(request.query.get("limit", "100"))
        return {"requests": self._world.journal.listing(request.query.get("system", ""), limit)}

    def _get_faults(self, request: web.Request, _body: Any) -> Json:
        return {"faults": self._world.faults.listing(request.match_info["system"])}

    def _put_faults(self, request: web.Request, body: Any) -> Json:
        self._world.faults.replace(request.match_info["system"], body)
        return self._get_faults(request, body)

    def _set_endpoint(self, request: web.Request, body: Json) -> Json:
        return self._world.hooks.set_endpoint(request.match_info["system"], body)

    def _webhooks(self, request: web.Request, _body: Any) -> Json:
        limit = _whole(request.query.get("limit", "100"))
        return {"webhooks": self._world.hooks.listing(request.match_info["system"], limit)}

    def _redeliver(self, request: web.Request, body: Json) -> Json:
        count = self._world.hooks.redeliver(
            request.match_info["system"],
            message_ids=body.get("ids", []),
            topics=body.get("topics", []),
            statuses=body.get("statuses", []),
        )
        return {"redelivered": count}

    def _books(self, request: web.Request, _body: Any) -> Json:
        return self._fakes[request.match_info["system"]].books()

    def _reset(self, request: web.Request, body: Json) -> Json:
        system = request.match_info["system"]
        self._world.store.clear(system)
        self._world.faults.replace(system, [])
        if body.get("endpoint"):
            self._world.store.put_setting(system, "endpoint", None)
        return self._summary(system)


def _whole(text: str) -> int:
    try:
        return max(1, min(int(text), 5_000))
    except ValueError as error:
        raise BadRequest("limit must be a whole number") from error

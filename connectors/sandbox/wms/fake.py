"""The WMS fake: routes, credential, idempotency keys."""

from collections.abc import Callable
from functools import partial
from typing import Any

from connectors.sandbox.exchange import BadRequest, Call, Json, Match, Reply, Router
from connectors.sandbox.keys import KeyMemory, digest
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms import counts, floor, notices, placements, shipments, transfers
from connectors.sandbox.wms.messages import SYSTEM, WmsError, problem, sign

KEY_LIMIT = 255
KEYED = {"notices.create", "placements.create", "shipments.create", "transfers.create", "counts.create"}
ROUTES: list[tuple[str, str, str, Callable[..., Reply]]] = [
    ("POST", "/v1/inbound-notices", "notices.create", notices.create),
    ("GET", "/v1/inbound-notices", "notices.list", notices.listing),
    ("GET", "/v1/inbound-notices/{notice}", "notices.retrieve", notices.retrieve),
    ("POST", "/v1/inbound-notices/{notice}/expect", "notices.expect", notices.expect),
    ("POST", "/v1/inbound-notices/{notice}/cancel", "notices.cancel", notices.cancel),
    ("POST", "/v1/placements", "placements.create", placements.create),
    ("GET", "/v1/placements", "placements.list", placements.listing),
    ("GET", "/v1/placements/{placement}", "placements.retrieve", placements.retrieve),
    ("POST", "/v1/shipments", "shipments.create", shipments.create),
    ("GET", "/v1/shipments", "shipments.list", shipments.listing),
    ("GET", "/v1/shipments/{shipment}", "shipments.retrieve", shipments.retrieve),
    ("POST", "/v1/transfers", "transfers.create", transfers.create),
    ("GET", "/v1/transfers", "transfers.list", transfers.listing),
    ("POST", "/v1/transfers/{transfer}/cancel", "transfers.cancel", transfers.cancel),
    ("POST", "/v1/counts", "counts.create", counts.create),
    ("GET", "/v1/counts", "counts.list", counts.listing),
    ("GET", "/v1/stock", "stock.list", placements.stock),
]


BOOKS = ("notices", "receipts", "inspections", "placements", "shipments", "transfers", "counts")


class WmsFake:
    name = SYSTEM
    concurrency_limit: int | None = None

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys = KeyMemory(world.store, SYSTEM)
        self._router = Router()
        for method, template, operation, handler in ROUTES:
            self._router.add(method, template, operation, partial(handler, world))
        world.hooks.register(SYSTEM, sign)
        world.jobs.register(SYSTEM, "confirm", lambda job: placements.confirm_if_open(world, job["placement"]))
        world.jobs.register(SYSTEM, "dispatch", lambda job: shipments.dispatch_if_open(world, job["shipment"]))
        world.jobs.register(SYSTEM, "arrive", partial(floor.arrive_by_itself, world))
        world.jobs.register(SYSTEM, "inspect", partial(floor.inspect_by_itself, world))

    def operations(self) -> list[str]:
        return self._router.operations()

    def classify(self, call: Call) -> tuple[str, bool]:
        match = self._router.match(call.method, call.path)
        return (match.operation, match.reads) if match else ("unknown", True)

    def authorized(self, call: Call) -> bool:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and token.strip().startswith("wms_")

    def refuse(self, status: int, *, retry_after_s: int | None = None) -> Reply:
        if status == 401:
            return problem(401, "unauthorized", "The bearer token is missing or not known.")
        if status == 429:
            headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
            return problem(429, "too_many_requests", "Slow down.", headers=headers)
        return problem(500, "internal_error", "Something went wrong on our side.")

    def busy_key(self, call: Call) -> str | None:
        return call.headers.get("Idempotency-Key") if call.method == "POST" else None

    def overlap(self) -> Reply:
        return problem(409, "in_progress", "A request with this Idempotency-Key is running.")

    def answer(self, call: Call, *, fails: bool, after_effect: bool) -> Reply:
        """Unlike Stripe, this vendor keeps only results of 2xx under a key."""
        match = self._router.match(call.method, call.path)
        if match is None:
            return problem(404, "not_found", "No such address.")
        if fails and not after_effect:
            return self.refuse(500)
        try:
            reply = self._once(match, call) if match.operation in KEYED else match.handler(call, **match.params)
        except WmsError as refusal:
            reply = refusal.reply
        except ValueError:
            reply = problem(400, "not_json", "The body is not JSON.")
        return self.refuse(500) if fails else reply

    def books(self) -> Json:
        """Notices, receipts, inspections, placements, shipments, counts, and stock summed by disposition."""
        kinds = {name: name.removesuffix("s") for name in BOOKS}
        books: Json = {name: self._world.store.find(SYSTEM, kind) for name, kind in kinds.items()}
        books["stock"] = self._world.store.find(SYSTEM, "stock")
        totals: dict[str, int] = {}
        for bucket in books["stock"]:
            totals[bucket["disposition"]] = totals.get(bucket["disposition"], 0) + bucket["quantity"]
        return books | {"stock_by_disposition": totals}

    def controls(self) -> list[tuple[str, str, Callable[..., Any]]]:
        world = self._world
        return [
            ("POST", "/arrivals", _checked(partial(floor.arrive, world))),
            ("POST", "/inspections", _checked(partial(floor.inspect, world))),
            ("POST", "/placements/{placement}/settle", self._settle),
            ("POST", "/shipments/{shipment}/settle", self._settle_shipment),
            ("POST", "/stock", _checked(partial(shipments.stock_up, world))),
            ("PUT", "/autopilot", _checked(partial(floor.set_autopilot, world))),
            ("GET", "/autopilot", lambda _body: floor.autopilot(world).model_dump()),
            ("POST", "/age-keys", lambda body: {"aged": self._keys.age(float(body.get("hours", 25)))}),
        ]

    def _once(self, match: Match, call: Call) -> Reply:
        key = call.headers.get("Idempotency-Key", "")
        if not key or len(key) > KEY_LIMIT:
            raise WmsError(problem(400, "key_missing", f"Idempotency-Key of up to {KEY_LIMIT} characters is needed."))
        fingerprint = digest(call.method, call.path, call.body)
        if kept := self._keys.recall(key):
            if kept.digest != fingerprint:
                raise WmsError(problem(409, "key_reused", "This Idempotency-Key came with another request."))
            return Reply(200, kept.reply.body, {"Idempotent-Replayed": "true"})
        reply = match.handler(call, **match.params)
        self._keys.remember(key, fingerprint, reply)
        if match.operation == "notices.create":
            floor.send_parcel(self._world, reply.body["id"])
        return reply

    def _settle(self, body: Json, placement: str) -> Json:
        return placements.settle(self._world, placement, body.get("outcome", ""), body.get("reason", ""))

    def _settle_shipment(self, body: Json, shipment: str) -> Json:
        return shipments.settle(self._world, shipment, body.get("outcome", ""), body.get("reason", ""))


def _checked(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A control act whose complaints about the body become BadRequest."""

    def run(body: Any) -> Any:
        try:
            return act(body)
        except WmsError as error:
            raise BadRequest(f"{error.reply.body.get('pointer', '')}: {error.reply.body['detail']}") from error

    return run

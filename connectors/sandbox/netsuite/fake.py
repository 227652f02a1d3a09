"""The NetSuite fake: routes, credential, concurrency limit."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from connectors.sandbox.exchange import BadRequest, Call, Json, Match, Reply, Router
from connectors.sandbox.netsuite import oauth, records, suiteql
from connectors.sandbox.netsuite.errors import NetSuiteError, problem
from connectors.sandbox.netsuite.oauth import SYSTEM
from connectors.sandbox.pipeline import World
from connectors.sandbox.webhooks import Outgoing

RECORD = "/services/rest/record/v1/{kind}"
TOKEN = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
SUITEQL = "/services/rest/query/v1/suiteql"
CONCURRENCY_LIMIT = 5


class NetSuiteFake:
    name = SYSTEM

    def __init__(self, world: World) -> None:
        self._world = world
        self._router = Router()
        for method, template, operation, handler in ROUTES:
            reads = operation in {"suiteql", "token", "get", "list"}
            self._router.add(method, template, operation, partial(handler, world), reads=reads)
        world.hooks.register(SYSTEM, _no_webhooks)
        self.concurrency_limit: int | None = world.store.setting(SYSTEM, "concurrency") or CONCURRENCY_LIMIT

    def operations(self) -> list[str]:
        verbs = [f"{kind}.{verb}" for kind in records.TYPES for verb in ("get", "list", "create", "update", "upsert")]
        return sorted([*verbs, "returnAuthorization.transform", "suiteql", "token"])

    def classify(self, call: Call) -> tuple[str, bool]:
        match = self._router.match(call.method, call.path)
        if match is None:
            return "unknown", True
        kind = match.params.get("kind")
        return (f"{kind}.{match.operation}" if kind else match.operation), match.reads

    def authorized(self, call: Call) -> bool:
        return call.path == TOKEN or oauth.bearer_known(self._world, call)

    def refuse(self, status: int, *, retry_after_s: int | None = None) -> Reply:
        if status == 401:
            detail = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI."
            challenge = {"WWW-Authenticate": 'Bearer realm="sandbox", error="invalid_token"'}
            return problem(401, detail, "INVALID_LOGIN", headers=challenge)
        if status == 429:
            headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
            detail = "Concurrent request limit exceeded. Request blocked."
            return problem(429, detail, "CONCURRENCY_LIMIT_EXCEEDED", headers=headers)
        return problem(500, "An unexpected error occurred. Error ID: sandbox", "UNEXPECTED_ERROR")

    def busy_key(self, call: Call) -> str | None:
        return None

    def overlap(self) -> Reply:
        return problem(409, "The record is in use.", "RCRD_HAS_BEEN_CHANGED")

    def answer(self, call: Call, *, fails: bool, after_effect: bool) -> Reply:
        match = self._router.match(call.method, call.path)
        if match is None:
            return problem(404, "The requested resource does not exist.", "NOT_FOUND")
        if fails and not after_effect:
            return self.refuse(500)
        # A refusal may come after a credit memo was touched: the savepoint takes that back.
        self._world.store.execute("savepoint record")
        try:
            reply = _handled(match, call)
        except NetSuiteError as refusal:
            self._world.store.execute("rollback to record")
            reply = refusal.reply
        self._world.store.execute("release record")
        return self.refuse(500) if fails else reply

    def books(self) -> Json:
        """All records by type; totals are decimal major units."""
        store = self._world.store
        by_type = {kind: store.find(SYSTEM, kind) for kind in records.TYPES}
        memos = [_memo(memo) for memo in by_type["creditMemo"]]
        return {"records": by_type, "memos": memos, "memo_total": round(sum(memo["total"] for memo in memos), 4)}

    def controls(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [("PUT", "/concurrency", self._set_concurrency)]

    def _set_concurrency(self, body: Json) -> Json:
        limit = body.get("limit")
        if not isinstance(limit, int) or limit < 1:
            raise BadRequest("limit must be a whole number of at least 1")
        self._world.store.put_setting(SYSTEM, "concurrency", limit)
        self.concurrency_limit = limit
        return {"limit": limit}


ROUTES: list[tuple[str, str, str, Callable[..., Reply]]] = [
    ("POST", TOKEN, "token", oauth.issue),
    ("POST", SUITEQL, "suiteql", suiteql.query),
    ("GET", RECORD, "list", records.listing),
    ("POST", RECORD, "create", records.create),
    ("POST", RECORD + "/{record}/!transform/{target}", "transform", records.transform),
    ("GET", RECORD + "/{record}", "get", records.retrieve),
    ("PUT", RECORD + "/{record}", "upsert", records.upsert),
    ("PATCH", RECORD + "/{record}", "update", records.update),
]


def _handled(match: Match, call: Call) -> Reply:
    try:
        return match.handler(call, **match.params)
    except ValueError:
        return problem(400, "A parameter of the request is not valid.", "INVALID_PARAMETER")


def _memo(record: Json) -> Json:
    names = ("id", "externalId", "tranId", "entity", "currency", "total", "amountRemaining", "createdFrom", "memo")
    return {name: record.get(name) for name in names}


def _no_webhooks(_message: Outgoing) -> Mapping[str, str]:
    return {}

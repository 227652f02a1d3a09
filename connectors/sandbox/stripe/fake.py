"""The Stripe fake: routes, credential, idempotency."""

from collections.abc import Callable
from functools import partial
from typing import Any

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply, Router
from connectors.sandbox.keys import KeyMemory, digest
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import disputes, objects, reads, refunds, seeding
from connectors.sandbox.stripe.errors import StripeError, error
from connectors.sandbox.stripe.events import SYSTEM, sign

ROUTES: list[tuple[str, str, str, Callable[..., Reply]]] = [
    ("POST", "/v1/refunds", "refunds.create", refunds.create),
    ("GET", "/v1/refunds", "refunds.list", reads.refunds),
    ("GET", "/v1/refunds/{refund}", "refunds.retrieve", refunds.retrieve),
    ("POST", "/v1/refunds/{refund}", "refunds.update", refunds.update),
    ("POST", "/v1/refunds/{refund}/cancel", "refunds.cancel", refunds.cancel),
    ("GET", "/v1/disputes", "disputes.list", reads.disputes),
    ("GET", "/v1/disputes/{dispute}", "disputes.retrieve", disputes.retrieve),
    ("GET", "/v1/charges", "charges.list", reads.charges),
    ("GET", "/v1/charges/{charge}", "charges.retrieve", reads.charge),
    ("POST", "/v1/charges/{charge}", "charges.update", reads.update_charge),
    ("GET", "/v1/payment_intents", "payment_intents.list", reads.payment_intents),
    ("GET", "/v1/payment_intents/{intent}", "payment_intents.retrieve", reads.payment_intent),
    ("POST", "/v1/payment_intents/{intent}", "payment_intents.update", reads.update_payment_intent),
    ("GET", "/v1/events", "events.list", reads.events),
    ("GET", "/v1/events/{event}", "events.retrieve", reads.event),
    ("GET", "/v1/balance_transactions/{transaction}", "balance_transactions.retrieve", reads.balance_transaction),
]
SERVER_ERROR = "An error occurred internally with Stripe. Please retry."
KEY_LIMIT = 255


class StripeFake:
    name = SYSTEM
    concurrency_limit: int | None = None

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys = KeyMemory(world.store, SYSTEM)
        self._router = Router()
        for method, template, operation, handler in ROUTES:
            self._router.add(method, template, operation, partial(handler, world))
        world.hooks.register(SYSTEM, sign)
        world.jobs.register(SYSTEM, "settle", lambda job: refunds.settle(world, job["refund"], job["outcome"]))

    def operations(self) -> list[str]:
        return self._router.operations()

    def classify(self, call: Call) -> tuple[str, bool]:
        match = self._router.match(call.method, call.path)
        return (match.operation, match.reads) if match else ("unknown", True)

    def authorized(self, call: Call) -> bool:
        return _api_key(call).startswith(("sk_test_", "rk_test_"))

    def refuse(self, status: int, *, retry_after_s: int | None = None) -> Reply:
        if status == 401:
            return error(401, "Invalid API Key provided.")
        if status == 429:
            reply = error(429, "Request rate limit exceeded.", code="rate_limit")
            headers = {"Stripe-Rate-Limited-Reason": "global-rate"}
            return Reply(
                429, reply.body, headers if retry_after_s is None else headers | {"Retry-After": str(retry_after_s)}
            )
        return error(500, SERVER_ERROR, kind="api_error")

    def busy_key(self, call: Call) -> str | None:
        return _idempotency_key(call)

    def overlap(self) -> Reply:
        message = "There is currently another in-progress request using this Idempotency Key. Please try again later."
        return error(409, message, kind="idempotency_error", code="idempotency_key_in_use")

    def answer(self, call: Call, *, fails: bool, after_effect: bool) -> Reply:
        """As Stripe: a key's first result is replayed for 24 h, a stored 500 included."""
        key = _idempotency_key(call)
        headers = {"Stripe-Version": call.headers.get("Stripe-Version", objects.API_VERSION)}
        if key is None:
            reply, _ = self._run(call, fails, after_effect)
        else:
            headers["Idempotency-Key"] = key
            reply = self._once(call, key, fails, after_effect)
        return Reply(reply.status, reply.body, {**reply.headers, **headers})

    def books(self) -> Json:
        return seeding.books(self._world)

    def controls(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("POST", "/payment_intents", lambda body: seeding.seed(self._world, body)),
            ("POST", "/refunds/{refund}/settle", self._settle),
            ("POST", "/disputes", lambda body: disputes.open_dispute(self._world, body)),
            ("POST", "/disputes/{dispute}/close", self._close_dispute),
            ("POST", "/age-keys", self._age_keys),
        ]

    def _once(self, call: Call, key: str, fails: bool, after_effect: bool) -> Reply:
        if len(key) > KEY_LIMIT:
            return error(400, f"Idempotency keys take up to {KEY_LIMIT} characters.", kind="idempotency_error")
        fingerprint = digest(call.method, call.path, *(f"{k}={v}" for k, v in sorted(call.form())))
        if kept := self._keys.recall(key):
            if kept.digest != fingerprint:
                return _mismatch(key)
            return Reply(kept.reply.status, kept.reply.body, {**kept.reply.headers, "Idempotent-Replayed": "true"})
        reply, keep = self._run(call, fails, after_effect)
        if keep:
            headers = {"Original-Request": call.request_id}
            self._keys.remember(key, fingerprint, Reply(reply.status, reply.body, headers))
        return reply

    def _run(self, call: Call, fails: bool, after_effect: bool) -> tuple[Reply, bool]:
        """The reply, and whether Stripe keeps it under the idempotency key."""
        match = self._router.match(call.method, call.path)
        if match is None:
            return error(404, f"Unrecognized request URL ({call.method}: {call.path})."), False
        if fails and not after_effect:
            return self.refuse(500), True
        try:
            reply = match.handler(call, **match.params)
        except StripeError as refusal:
            return refusal.reply, refusal.kept
        return (self.refuse(500) if fails else reply), True

    def _settle(self, body: Json, refund: str) -> Json:
        reason = body.get("failure_reason", "insufficient_funds")
        return refunds.settle(self._world, refund, body.get("outcome", ""), reason)

    def _close_dispute(self, body: Json, dispute: str) -> Json:
        return disputes.close_dispute(self._world, dispute, str(body.get("outcome", "")))

    def _age_keys(self, body: Json) -> Json:
        hours = body.get("hours")
        if not isinstance(hours, int | float):
            raise BadRequest("hours must be a number")
        return {"aged": self._keys.age(hours)}


def _mismatch(key: str) -> Reply:
    message = (
        f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return error(400, message, kind="idempotency_error")


def _idempotency_key(call: Call) -> str | None:
    return call.headers.get("Idempotency-Key") if call.method == "POST" else None


def _api_key(call: Call) -> str:
    """The value of `Authorization: Bearer`."""
    scheme, _, value = call.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""

"""Stripe's error shape."""

from connectors.sandbox.exchange import Json, Reply

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """A refusal. `kept`: Stripe stores it under the idempotency key, as it does once the endpoint began to run."""

    def __init__(self, reply: Reply, *, kept: bool) -> None:
        super().__init__(reply.body)
        self.reply, self.kept = reply, kept


def error(status: int, message: str, *, kind: str = "invalid_request_error", code: str = "", param: str = "") -> Reply:
    body: Json = {"type": kind, "message": message}
    if code:
        body |= {"code": code, "doc_url": DOCS + code.replace("_", "-")}
    if param:
        body["param"] = param
    return Reply(status, {"error": body})


def invalid(message: str, *, code: str = "", param: str = "") -> StripeError:
    """A bad parameter, found before the endpoint began to run: not kept under the key."""
    return StripeError(error(400, message, code=code, param=param), kept=False)


def refused(message: str, *, code: str = "", param: str = "") -> StripeError:
    """Well-formed, but against the state of the account: kept under the key."""
    return StripeError(error(400, message, code=code, param=param), kept=True)


def missing(kind: str, object_id: str, param: str) -> StripeError:
    reply = error(404, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)
    return StripeError(reply, kept=False)

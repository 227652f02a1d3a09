"""Client of the sandbox's control API (`/_sandbox`): faults, books, seeds, webhook addresses; for demo and drills."""

import functools
import os
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from django.conf import settings

TIMEOUT_SECONDS = 30.0
SEED_LIMIT = 5_000
Json = dict[str, Any]


class SandboxAway(Exception):
    """The sandbox does not answer, or refuses; production has none."""


def faults(system: str) -> list[Json]:
    """Return the active faults of a system. Raises SandboxAway."""
    return list(_call("GET", f"/{system}/faults")["faults"])


def set_faults(system: str, active: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Replace all faults of a system; none given clears them. Raises SandboxAway."""
    return list(_call("PUT", f"/{system}/faults", [dict(fault) for fault in active])["faults"])


def books(system: str) -> Json:
    """Return the system's own books. Raises SandboxAway."""
    return _call("GET", f"/{system}/books")


def journal(system: str, limit: int = 100) -> list[Json]:
    """Return the last requests to a system, newest first, without secrets. Raises SandboxAway."""
    return list(_call("GET", f"/journal?system={system}&limit={limit}")["requests"])


def send_webhooks_to(system: str, url: str, secret: str) -> None:
    """Have a system send its webhooks to that address, signed with the secret. Raises SandboxAway."""
    _call("POST", f"/{system}/webhook-endpoint", {"url": url, "secret": secret})


def redeliver(system: str, *, statuses: Sequence[str] = (), topics: Sequence[str] = ()) -> int:
    """Send stored webhooks once more; return how many. Raises SandboxAway."""
    return int(
        _call("POST", f"/{system}/redeliver", {"statuses": list(statuses), "topics": list(topics)})["redelivered"]
    )


def pending_webhooks(system: str) -> int:
    """Return how many webhooks of a system are still to be taken in by us. Raises SandboxAway."""
    return int(_call("GET", "")["systems"][system]["webhooks"].get("pending", 0))


def seed_payments(payments: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Make succeeded payments (`{amount, currency, id?, charge?, metadata?}`); those that are there stay as they are.

    Returns `{id, charge, amount, currency}` of each. Raises SandboxAway.
    """
    made: list[Json] = []
    for start in range(0, len(payments), SEED_LIMIT):
        part = [dict(payment) for payment in payments[start : start + SEED_LIMIT]]
        made += _call("POST", "/stripe/payment_intents", part)["payment_intents"]
    return made


def open_dispute(dispute: Mapping[str, Any]) -> Json:
    """Have a bank take the money of a payment back (`{charge | payment_intent, amount?, reason?}`): signed webhooks
    tell it. Raises SandboxAway."""
    return _call("POST", "/stripe/disputes", dict(dispute))


def close_dispute(dispute_id: str, outcome: str) -> Json:
    """Have a dispute `won` or `lost`. Raises SandboxAway."""
    return _call("POST", f"/stripe/disputes/{dispute_id}/close", {"outcome": outcome})


def seed_shop_order(order: Mapping[str, Any]) -> Json:
    """Make one order in the shop; with `emit` it is told by webhook. Raises SandboxAway."""
    made: Json = _call("POST", "/shopify/orders", dict(order))["orders"][0]
    return made


def ask_shop_return(request: Mapping[str, Any]) -> Json:
    """Have a customer ask the shop for a return. Raises SandboxAway."""
    return _call("POST", "/shopify/return-requests", dict(request))


def parcel_arrives(arrival: Mapping[str, Any]) -> Json:
    """Have a parcel arrive at the warehouse. Raises SandboxAway."""
    return _call("POST", "/wms/arrivals", dict(arrival))


def goods_are_inspected(inspection: Mapping[str, Any]) -> Json:
    """Have the warehouse inspect what it received. Raises SandboxAway."""
    return _call("POST", "/wms/inspections", dict(inspection))


def stock_up(sku: str, location: str, quantity: int) -> None:
    """Put sellable units on a shelf of the warehouse. Raises SandboxAway."""
    _call("POST", "/wms/stock", {"sku": sku, "location": location, "quantity": quantity})


def set_autopilot(options: Mapping[str, Any]) -> Json:
    """Have parcels arrive and be inspected by themselves. Raises SandboxAway."""
    return _call("PUT", "/wms/autopilot", dict(options))


def reset(system: str) -> None:
    """Empty a system's books and faults. Raises SandboxAway."""
    _call("POST", f"/{system}/reset", {})


def _call(method: str, path: str, body: Any = None) -> Json:
    if settings.PRODUCTION:
        raise SandboxAway("There is no sandbox in production.")
    token = os.environ.get("SANDBOX_CONTROL_TOKEN", "")
    headers = {"X-Sandbox-Token": token} if token else {}
    address = f"{settings.SANDBOX_URL.rstrip('/')}/_sandbox{path}"
    try:
        answer = httpx.request(
            method, address, json=body, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False, verify=_trusted()
        )
    except httpx.HTTPError as error:
        raise SandboxAway(f"The sandbox at {settings.SANDBOX_URL} does not answer: {error}") from error
    if answer.status_code != 200:
        raise SandboxAway(f"The sandbox answered {answer.status_code}: {answer.text[:300]}")
    result: Json = answer.json()
    return result


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return what https is verified by, read once: reading it costs more than a call to a sandbox on this machine."""
    return httpx.create_ssl_context(trust_env=False)

"""The warehouse's REST calls over httpx. No retries: the engine owns them."""

import time
from typing import Any

import httpx

from connectors.failures import VendorFailure, class_of_status, retry_after
from connectors.outbound_http import timeout
from connectors.protocol import ConnectionContext
from retailops.events.enums import OutcomeClass

Json = dict[str, Any]
NOTICES = "/v1/inbound-notices"
TOKEN = "token"  # noqa: S105  # the secret's name
ALREADY_RECEIVED = "already_received"
CODES = {
    "in_progress": OutcomeClass.TRANSIENT,
    "invalid_body": OutcomeClass.CONTRACT,
    "not_json": OutcomeClass.CONTRACT,
    "key_missing": OutcomeClass.CONTRACT,
    "key_reused": OutcomeClass.CONTRACT,
    "reference_taken": OutcomeClass.BUSINESS,
    ALREADY_RECEIVED: OutcomeClass.BUSINESS,
    "out_of_stock": OutcomeClass.BUSINESS,
}


class WmsFailure(VendorFailure):
    """The warehouse answered with a problem document; `code` is its `code`."""


class WmsClient:
    """One warehouse, for one delivery: all calls together take at most `seconds`.

    Every method raises WmsFailure for an error answer and httpx.HTTPError when no answer came. All calls may be
    repeated: creating carries an `Idempotency-Key`, and a reference is taken once for ever.
    """

    def __init__(self, conn: ConnectionContext, seconds: float) -> None:
        self._conn, self._until = conn, time.monotonic() + seconds

    def create_notice(self, notice: Json, key: str) -> Json:
        """`POST /v1/inbound-notices`; the same key returns the stored notice. A reference that is taken is 409."""
        return self._call("POST", NOTICES, body=notice, key=key)

    def notice_of(self, reference: str) -> Json | None:
        """Return the notice with our reference, or None."""
        return self._one(NOTICES, reference)

    def notices_of(self, number: str) -> list[Json]:
        """Return the notices of a return (by its number), oldest first."""
        items: list[Json] = self._call("GET", NOTICES, params={"rma_number": number})["items"]
        return [item for item in items if item.get("rma_number") == number]

    def expect(self, notice_id: str, lines: list[Json]) -> Json:
        """`POST …/expect`: how many units of each line are to come in all; safe to repeat."""
        return self._call("POST", f"{NOTICES}/{notice_id}/expect", body={"lines": lines})

    def cancel_notice(self, notice_id: str) -> Json:
        """`POST …/cancel`; safe to repeat. 409 `already_received` once goods came."""
        return self._call("POST", f"{NOTICES}/{notice_id}/cancel", body={})

    def create_placement(self, placement: Json, key: str) -> Json:
        """`POST /v1/placements`: accepted now, confirmed or failed later by webhook."""
        return self._call("POST", "/v1/placements", body=placement, key=key)

    def placement_of(self, reference: str) -> Json | None:
        """Return the placement with our reference, or None."""
        return self._one("/v1/placements", reference)

    def create_shipment(self, shipment: Json, key: str) -> Json:
        """`POST /v1/shipments`: accepted now, shipped or failed later by webhook. 409 `out_of_stock`."""
        return self._call("POST", "/v1/shipments", body=shipment, key=key)

    def shipment_of(self, reference: str) -> Json | None:
        """Return the shipment with our reference, or None."""
        return self._one("/v1/shipments", reference)

    def create_transfer(self, transfer: Json, key: str) -> Json:
        """`POST /v1/transfers`: the goods are picked. 409 `out_of_stock`."""
        return self._call("POST", "/v1/transfers", body=transfer, key=key)

    def transfer_of(self, reference: str) -> Json | None:
        """Return the transfer with our reference, or None."""
        return self._one("/v1/transfers", reference)

    def cancel_transfer(self, transfer_id: str) -> Json:
        """`POST …/cancel`; safe to repeat."""
        return self._call("POST", f"/v1/transfers/{transfer_id}/cancel", body={})

    def create_count(self, count: Json, key: str) -> Json:
        """`POST /v1/counts`: ordered; what was counted shows in the next stock report."""
        return self._call("POST", "/v1/counts", body=count, key=key)

    def count_of(self, reference: str) -> Json | None:
        """Return the count with our reference, or None."""
        return self._one("/v1/counts", reference)

    def ping(self) -> None:
        """Make the cheapest call that needs the credential."""
        self._call("GET", NOTICES, params={"reference": "connection-check"})

    def _one(self, path: str, reference: str) -> Json | None:
        items: list[Json] = self._call("GET", path, params={"reference": reference})["items"]
        return next((item for item in items if item.get("reference") == reference), None)

    def _call(
        self, method: str, path: str, *, body: Json | None = None, params: dict[str, str] | None = None, key: str = ""
    ) -> Json:
        headers = {"Authorization": f"Bearer {self._conn.secret(TOKEN)}", "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        left = timeout(max(0.1, self._until - time.monotonic()))
        url = self._conn.config.url(path)
        answer = self._conn.http.request(method, url, json=body, params=params, headers=headers, timeout=left)
        if answer.is_success:
            return _object(answer)
        raise _failure(answer)


def _failure(answer: httpx.Response) -> WmsFailure:
    content, status = _object(answer), answer.status_code
    code = str(content.get("code", "")) or f"http_{status}"
    return WmsFailure(
        CODES.get(code) or class_of_status(status, repeat_safe=True),
        code,
        str(content.get("detail") or content.get("title") or answer.reason_phrase),
        http_status=status,
        retry_after=retry_after(answer.headers),
    )


def _object(answer: httpx.Response) -> Json:
    """The JSON object of the answer; `{}` where a gateway in between answered with something else."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}

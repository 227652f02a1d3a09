"""NetSuite's record service over httpx. No retries but one: a refused token is renewed once."""

import time
from typing import Any

import httpx

from connectors.failures import VendorFailure, class_of_status, retry_after
from connectors.netsuite.tokens import Client, forget, token_for
from connectors.outbound_http import timeout
from connectors.protocol import ConnectionContext
from retailops.events.enums import OutcomeClass

Json = dict[str, Any]
RECORD = "/services/rest/record/v1"
CODES = {
    "CONCURRENCY_LIMIT_EXCEEDED": OutcomeClass.TRANSIENT,
    "REQUEST_LIMIT_EXCEEDED": OutcomeClass.TRANSIENT,
    "RCRD_HAS_BEEN_CHANGED": OutcomeClass.TRANSIENT,
    "UNEXPECTED_ERROR": OutcomeClass.TRANSIENT,
    "INVALID_LOGIN": OutcomeClass.AUTH,
    "INSUFFICIENT_PERMISSION": OutcomeClass.AUTH,
    "INVALID_CONTENT": OutcomeClass.CONTRACT,
    "INVALID_PARAMETER": OutcomeClass.CONTRACT,
    "INVALID_HEADER": OutcomeClass.CONTRACT,
    "NONEXISTENT_RECORD_TYPE": OutcomeClass.CONTRACT,
    "NONEXISTENT_FIELD": OutcomeClass.CONTRACT,
    "USER_ERROR": OutcomeClass.BUSINESS,
    "DUP_RCRD": OutcomeClass.BUSINESS,
}


class NetSuiteFailure(VendorFailure):
    """NetSuite answered with an error; `code` is the first `o:errorCode`."""


class NetSuiteClient:
    """One account, for one delivery: all calls together take at most `seconds`.

    Every method raises NetSuiteFailure for an error answer and httpx.HTTPError when none came.
    """

    def __init__(self, conn: ConnectionContext, seconds: float) -> None:
        self._conn, self._until = conn, time.monotonic() + seconds
        self._client = _client_of(conn)

    def upsert(self, kind: str, external_id: str, record: Json) -> str:
        """`PUT …/{kind}/eid:{external id}`: creates the record or replaces the one that has the id. Returns its id.

        `replace=item` makes a repeated call replace the lines; without it NetSuite would append them once more.
        """
        answer = self._call("PUT", f"{RECORD}/{kind}/eid:{external_id}?replace=item", record)
        return str(answer.headers.get("Location", "")).rpartition("/")[2]

    def find(self, kind: str, external_id: str) -> Json | None:
        """`GET …/{kind}/eid:{external id}`; None when there is none."""
        try:
            return _object(self._call("GET", f"{RECORD}/{kind}/eid:{external_id}"))
        except NetSuiteFailure as failure:
            if failure.http_status == 404 and failure.code == "NONEXISTENT_ID":
                return None
            raise

    def ping(self) -> None:
        """Make the cheapest call that needs the credential and the role's permission."""
        self._call("GET", f"{RECORD}/creditMemo?limit=1")

    def _call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        answer = self._sent(method, path, body)
        if answer.status_code == 401:
            answer = self._sent(method, path, body)
        if answer.is_success:
            return answer
        raise _failure(answer)

    def _sent(self, method: str, path: str, body: Json | None) -> httpx.Response:
        token = token_for(self._conn, self._client, self._left())
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        url = self._conn.config.url(path)
        answer = self._conn.http.request(method, url, json=body, headers=headers, timeout=timeout(self._left()))
        if answer.status_code == 401:
            forget(self._conn, self._client, token)
        return answer

    def _left(self) -> float:
        return max(0.1, self._until - time.monotonic())


def _client_of(conn: ConnectionContext) -> Client:
    certificate = conn.config.certificate_id
    return Client(
        conn.config.client_id,
        certificate,
        private_key=conn.secret("private_key") if certificate else "",
        client_secret="" if certificate else conn.secret("client_secret"),
    )


def _failure(answer: httpx.Response) -> NetSuiteFailure:
    content, status = _object(answer), answer.status_code
    details = content.get("o:errorDetails")
    first: Json = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    code = str(first.get("o:errorCode", "")) or f"HTTP_{status}"
    path = f" ({first['o:errorPath']})" if first.get("o:errorPath") else ""
    return NetSuiteFailure(
        CODES.get(code) or class_of_status(status, repeat_safe=True),
        code,
        str(first.get("detail") or content.get("title") or answer.reason_phrase) + path,
        http_status=status,
        retry_after=retry_after(answer.headers),
    )


def _object(answer: httpx.Response) -> Json:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}

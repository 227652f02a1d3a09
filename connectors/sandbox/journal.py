"""The last requests that each system saw, with secrets taken out."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.store import Store, dumps, now

KEEP = 5_000
BODY_LIMIT = 4_000
SECRET = re.compile(r"secret|token|password|assertion|authorization", re.IGNORECASE)


def redact(value: Any) -> Any:
    """A copy in which every value under a secret-sounding name is replaced."""
    if isinstance(value, dict):
        return {k: "[redacted]" if SECRET.search(k) and v else redact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


class Journal:
    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, system: str, operation: str, call: Call, reply: Reply | None, fault: str) -> None:
        """`reply` None: the connection was closed without an answer."""
        response = "" if reply is None or reply.body is None else dumps(redact(reply.body))
        key = call.headers.get("Idempotency-Key", "")
        args = (now(), system, call.method, call.path, operation, reply.status if reply else None, fault, key)
        cursor = self._store.execute(
            "insert into journal (at, system, method, path, operation, status, fault, key, request, response) "
            "values (?,?,?,?,?,?,?,?,?,?)",
            (*args, _request_text(call), response[:BODY_LIMIT]),
        )
        if cursor.lastrowid and cursor.lastrowid % 500 == 0:
            self._store.execute("delete from journal where seq <= ?", (cursor.lastrowid - KEEP,))

    def listing(self, system: str, limit: int) -> list[Json]:
        """Newest first; `system` empty means all."""
        rows = self._store.execute(
            "select * from journal where (?='' or system=?) order by seq desc limit ?", (system, system, limit)
        )
        return [dict(row) for row in rows]


def _request_text(call: Call) -> str:
    if not call.body:
        return ""
    if "json" in call.headers.get("Content-Type", ""):
        try:
            return dumps(redact(json.loads(call.body)))[:BODY_LIMIT]
        except ValueError:
            return "[not JSON]"
    pairs = parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True)
    return dumps(redact(dict(pairs)))[:BODY_LIMIT]

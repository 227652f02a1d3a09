"""Memory of idempotency keys, with the answer that was given and when."""

import hashlib
import json
from dataclasses import dataclass

from connectors.sandbox.exchange import Reply
from connectors.sandbox.store import Store, dumps, now

DAY_S = 24 * 3600


def digest(*parts: str | bytes) -> str:
    """Fingerprint of a request's parameters."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(len(raw).to_bytes(8, "big") + raw)
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Remembered:
    digest: str
    reply: Reply


class KeyMemory:
    """One system's keys; a key older than `memory_s` seconds is unknown again."""

    def __init__(self, store: Store, system: str, memory_s: float = DAY_S) -> None:
        self._store, self._system, self._memory_s = store, system, memory_s

    def recall(self, key: str) -> Remembered | None:
        row = self._store.execute(
            "select * from keys where system=? and key=? and at > ?", (self._system, key, now() - self._memory_s)
        ).fetchone()
        if row is None:
            return None
        body = None if row["body"] is None else json.loads(row["body"])
        return Remembered(row["digest"], Reply(row["status"], body, json.loads(row["headers"])))

    def remember(self, key: str, fingerprint: str, reply: Reply) -> None:
        body = None if reply.body is None else dumps(reply.body)
        self._store.execute(
            "insert or replace into keys values (?,?,?,?,?,?,?)",
            (self._system, key, fingerprint, reply.status, body, dumps(dict(reply.headers)), now()),
        )

    def age(self, hours: float) -> int:
        """Make every key older by `hours`; the number of keys touched."""
        return self._store.execute("update keys set at = at - ? where system=?", (hours * 3600, self._system)).rowcount

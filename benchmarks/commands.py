"""The ordinary commands of a return's life, one after another: processor time and statements of each.

Beside them stands a transaction that writes one row: what the least possible command costs on the same machine.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
from django.db import connection, transaction

from benchmarks.report import Figure, Report
from connectors.demo.connections import connections_without_sandbox
from connectors.simulation.generating import orders
from inventory.enums import Disposition
from inventory.models import Location
from inventory.services import ensure_location
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from returns.inputs import InspectionIn, OrderIn, OrderRef, ReceiptIn, ReceiptLineIn, ReturnIn, ReturnLineIn, SliceIn
from returns.models import CreditMemo, DispositionSlice, Refund, Return
from returns.services import credit_memos, placing, refund_outcomes
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.orders import BATCH_LIMIT, capture_orders
from returns.services.receiving import receive_return

WARM, LIVES = 30, 150
ACTOR = Actor.system("benchmark")
PLACE = "BENCH-COMMANDS"
LEAST = "one row written"


@dataclass
class Costs:
    """What each command took of both processors (ms), and how many statements it ran, life by life."""

    python: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    server: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def of(self, name: str, command: Callable[[], Any]) -> Any:
        """Run a command and keep what it took."""
        connection.ensure_connection()
        with _counting() as counted:
            server, python = _server(), time.process_time()
            result = command()
            python, server = time.process_time() - python, _server() - server
        self.python[name].append(1000 * python)
        self.server[name].append(server)
        self.statements[name].append(len(counted))
        return result

    def figure(self, title: str, names: Sequence[str]) -> Figure:
        """Return the median over the lives of what these commands took together."""
        python, server, statements = (
            statistics.median(map(sum, zip(*(kept[name] for name in names), strict=True)))
            for kept in (self.python, self.server, self.statements)
        )
        parts = f"ms (Python {python:.1f}, PostgreSQL {server:.1f}, {statements:.0f} statements)"
        return Figure(title, python + server, parts)


def run(report: Report) -> None:
    """Live so many lives after some that warm both processes; each must end closed."""
    costs = lives(LIVES, seed=31)
    names = [name for name in costs.python if name != LEAST]
    report.add(*(costs.figure(f"command: {name}", [name]) for name in (*names, LEAST)))
    whole = costs.figure("a return's whole life", names)
    report.add(whole, Figure("… ÷ one row written", whole.value / costs.figure(LEAST, [LEAST]).value, "×"))


def lives(count: int, seed: int) -> Costs:
    """Return what so many lives cost, after some that warm the process and its connection."""
    connections_without_sandbox()
    place = ensure_location(actor=ACTOR, code=PLACE, region="").code
    told = list(orders(seed, count + WARM, now()))
    for start in range(0, len(told), BATCH_LIMIT):
        capture_orders(actor=ACTOR, orders=told[start : start + BATCH_LIMIT])
    costs = Costs()
    for number, order in enumerate(told):
        _live(order, place, costs if number >= WARM else Costs())
    return costs


def _live(order: OrderIn, place: str, costs: Costs) -> None:
    ref = OrderRef(channel=order.channel, external_id=order.external_id)
    line = ReturnLineIn(external_id=order.lines[0].external_id, quantity=1, reason="changed_mind")
    request = ReturnIn(order=ref, lines=[line])
    rma: UUID = costs.of("request", lambda: request_return(actor=ACTOR, request=request)).id
    receipt = ReceiptIn(scan_id=f"bench-{rma}", location=place, lines=[ReceiptLineIn(line_no=1, quantity=1)])
    costs.of("receive", lambda: receive_return(actor=ACTOR, return_id=rma, receipt=receipt))
    part = SliceIn(line_no=1, quantity=1, accepted=True, condition="A", disposition=Disposition.SELLABLE)
    inspection = InspectionIn(reference=f"bench-{rma}", location=place, slices=[part])
    costs.of("inspect and refund", lambda: inspect_return(actor=ACTOR, return_id=rma, inspection=inspection))
    _answers(rma, costs)
    costs.of(LEAST, _least)
    found = Return.objects.get(pk=rma)
    assert found.status == "closed", (found.status, found.money, found.stock, found.erp)


def _answers(rma: UUID, costs: Costs) -> None:
    """Say what gateway, ERP and warehouse say, as their messages are translated; the last of them closes the return."""
    refund = Refund.objects.get(rma_id=rma)
    said: dict[str, Any] = {"actor": ACTOR, "external_reference": f"re_{refund.id.hex}"}
    costs.of("refund settled", lambda: refund_outcomes.settle_refund(refund_id=refund.id, **said))
    memo = CreditMemo.objects.get(rma_id=rma)
    costs.of("memo posted", lambda: credit_memos.record_credit_memo(memo_id=memo.id, **said))
    part = DispositionSlice.objects.get(line__rma_id=rma)
    costs.of("stock placed, closed", lambda: placing.record_disposition_posted(slice_id=part.id, **said))


def _least() -> None:
    with transaction.atomic():
        Location.objects.create(code=f"BENCH-{uuid4().hex[:12]}", name="benchmark")


@contextmanager
def _counting() -> Iterator[list[None]]:
    counted: list[None] = []
    run = psycopg.Cursor.execute

    def execute(*given: Any, **options: Any) -> Any:
        counted.append(None)
        return run(*given, **options)

    with patch.object(psycopg.Cursor, "execute", execute):
        yield counted


def _server() -> float:
    """Return the processor time (ms) of this connection's server process."""
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(told.split()[0]) / 1e6

"""Receipts of one hot sku from several connections at once, beside the same receipts over a thousand skus."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

from django.db import connections

from benchmarks.report import Figure, Report
from connectors.simulation.generating import orders
from inventory.models import StockBalance
from inventory.services import ensure_location
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from returns.inputs import OrderIn, OrderRef, ReceiptIn, ReceiptLineIn, ReturnIn, ReturnLineIn
from returns.services.intake import request_return
from returns.services.orders import capture_orders
from returns.services.receiving import receive_return

RECEIPTS, THREADS = 1_000, 8
HOT = "HOT-SKU"
ACTOR = Actor.system("benchmark")


def run(report: Report) -> None:
    """Measure both on the same server; every balance must be exact afterwards."""
    place = ensure_location(actor=ACTOR, code="BENCH-HOT", region="").code
    apart = _received_at_once(_returns(lambda number: f"SKU-{number}"), place)
    hot = _received_at_once(_returns(lambda number: HOT), place)
    held = StockBalance.objects.get(sku=HOT, location__code=place, disposition="pending_inspection")
    assert held.quantity == RECEIPTS, held.quantity
    report.add(
        Figure(f"receipts of one hot sku, {THREADS} connections", hot, "receipts/s"),
        Figure(f"receipts over {RECEIPTS:,} skus, {THREADS} connections", apart, "receipts/s"),
        Figure("one hot sku ÷ as many skus", hot / apart, "×", at_least=0.5),
    )


def _returns(sku: Callable[[int], str]) -> list[UUID]:
    """Make one return of one unit for each receipt; the orders differ, so that only the stock is shared."""
    told = [_renamed(order, sku(number)) for number, order in enumerate(orders(11, RECEIPTS, now()))]
    for start in range(0, len(told), 500):
        capture_orders(actor=ACTOR, orders=told[start : start + 500])
    found = []
    for order in told:
        ref = OrderRef(channel=order.channel, external_id=order.external_id)
        line = ReturnLineIn(external_id=order.lines[0].external_id, quantity=1, reason="changed_mind")
        found.append(request_return(actor=ACTOR, request=ReturnIn(order=ref, lines=[line])).id)
    return found


def _renamed(order: OrderIn, sku: str) -> OrderIn:
    """Return the order under ids of its own, its first line of the sku."""
    first = order.lines[0].model_copy(update={"sku": sku})
    ids = {"external_id": f"hot-{uuid4()}", "number": f"HOT-{uuid4().hex[:12]}"}
    payments = [each.model_copy(update={"external_id": f"pay-{uuid4()}"}) for each in order.payments]
    return order.model_copy(update={**ids, "lines": [first, *order.lines[1:]], "payments": payments})


def _received_at_once(returns: Sequence[UUID], place: str) -> float:
    """Receive them from several connections at once; return receipts a second."""
    start = Barrier(THREADS + 1)

    def share(first: int) -> None:
        try:
            start.wait(60)
            for number in range(first, len(returns), THREADS):
                line = ReceiptLineIn(line_no=1, quantity=1)
                receipt = ReceiptIn(scan_id=f"bench-{uuid4()}", location=place, lines=[line])
                receive_return(actor=ACTOR, return_id=returns[number], receipt=receipt)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(share, first) for first in range(THREADS)]
        start.wait(60)
        began = time.perf_counter()
        for each in running:
            each.result()
        return len(returns) / (time.perf_counter() - began)

"""Small histories of returns for tests of figures, made by the same commands that people and systems use."""

from datetime import timedelta

from connectors.models import Connection
from inventory.models import StockMove
from retailops.cases.services import resolve_case
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Attempt, Delivery
from retailops.lib.clock import now
from retailops.workbench.dashboards.times import rebuild
from returns.models import CreditMemo, DispositionSlice, Return
from returns.services import refund_outcomes
from returns.services.credit_memos import record_credit_memo
from returns.services.decisions import cancel_return
from returns.services.placing import record_disposition_posted
from tests.workbench import world
from tests.workbench.world import SYSTEM


def paid(rma: Return) -> Return:
    """Have the gateway confirm every refund of the return that was sent."""
    for refund in rma.refunds.filter(status__in=["submitting", "pending", "unknown"]):
        refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference=f"re_{refund.id}")
    rma.refresh_from_db()
    return rma


def booked(rma: Return) -> Return:
    """Have the ERP post every credit memo of the return."""
    for memo in CreditMemo.objects.filter(rma=rma, status="queued"):
        record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference=f"CM-{memo.id}")
    rma.refresh_from_db()
    return rma


def placed(rma: Return) -> Return:
    """Have the owner of the stock place all goods of the return."""
    for part in DispositionSlice.objects.filter(inspection__rma=rma, status__in=["decided", "posting"]):
        record_disposition_posted(actor=SYSTEM, slice_id=part.id, external_reference=f"P-{part.id}")
    rma.refresh_from_db()
    return rma


def done(region: str = "GB", *, quantity: int = 1) -> Return:
    """Return a return with which nothing is left to do."""
    return placed(booked(paid(world.inspected(world.received(region, quantity=quantity)))))


def doubtful(rma: Return, connection: Connection) -> Delivery:
    """Return a refund's delivery whose outcome is not known."""
    return world.stopped(
        rma, connection, status=DeliveryStatus.IN_DOUBT, failure_class="in_doubt", finished_at=None,
        in_doubt_since=now(), failure_code="timeout",
    )  # fmt: skip


def delivered(rma: Return, connection: Connection, *, attempts: int = 1, code: str = "") -> Delivery:
    """Return a refund's delivery that arrived, at the last of its attempts."""
    found = world.stopped(
        rma, connection, status=DeliveryStatus.DELIVERED, failure_class="", failure_code="", attempt_no=attempts
    )
    Attempt.objects.create(
        delivery=found, attempt_no=attempts, fence=attempts, trigger="auto", outcome="delivered", code=code,
        started_at=now(), duration_ms=80,
    )  # fmt: skip
    return found


def history(connection: Connection | None = None) -> None:
    """Make one of each situation in GB, and a finished return in FR; the times are written."""
    connection = connection or world.stripe()
    done("GB")
    done("FR")
    paid(world.inspected(world.received("GB")))
    world.inspected(world.received("GB"))
    held = world.received("GB", quantity=2)
    world.requested("GB")
    cancel_return(actor=SYSTEM, return_id=world.requested("GB").id, reason="changed their mind")
    old = world.requested("GB")
    Return.objects.filter(pk=old.pk).update(requested_at=now() - timedelta(days=20))
    world.refund_that_waits()
    case = world.case_about(held)
    resolve_case(SYSTEM, world.case_about(held, "A parcel too many").id, "Found the owner", {"note": "matched"})
    assert case.status == "open"
    world.failed_refund(connection)
    doubtful(held, connection)
    world.stopped(held, connection, status=DeliveryStatus.READY, next_attempt_at=now() - timedelta(hours=1))
    delivered(held, connection)
    delivered(held, connection, attempts=3)
    delivered(held, connection, attempts=2, code="found")
    world.counted()
    assert StockMove.objects.exists()
    rebuild()

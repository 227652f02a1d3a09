"""Drive returns through the outside world: parcels arrive, are inspected, paid, booked; each ends or has a case."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from connectors import sandbox_control
from connectors.simulation.trading import ACTOR, seed_payments_behind
from inventory.enums import Disposition
from retailops.accounts.actor import Actor, Grant
from retailops.accounts.permissions import ROLE_PERMISSIONS, Role
from retailops.lib.errors import DomainError
from returns.inputs import InspectionIn, SliceIn
from returns.models import Refund, Return
from returns.services.decisions import authorize_return
from returns.services.inspecting import inspect_return
from returns.services.refunds import approve_refund

ENDED = ("closed", "declined", "canceled", "expired")
USUAL_MIX = {"A": 0.8, "B": 0.12, "D": 0.08}
LOOK_EVERY_SECONDS = 0.5
# The second person of refunds above the limit.
APPROVER = Actor(
    "system",
    "simulated-approver",
    "simulated approver",
    (Grant(frozenset(map(str, ROLE_PERMISSIONS[Role.FINANCE_APPROVER]))),),
    roles=frozenset({Role.FINANCE_APPROVER}),
)


@dataclass(frozen=True)
class Progress:
    """How the driven returns stand: ended, with an open case, and still on their way by what they wait for."""

    total: int
    ended: int
    with_case: int
    waiting: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether every return has ended or has a case."""
        return self.ended + self.with_case == self.total


def drive(returns: Sequence[UUID], *, seconds: float, delay_ms: int = 50) -> Iterator[Progress]:
    """Let the outside world act on the returns, yielding how they stand until all are done or the time is up.

    Web and workers (or `manage.py pump`) must run: what happens outside comes back by webhook. Raises SandboxAway.
    """
    deadline = time.monotonic() + seconds
    seed_payments_behind(returns)
    sandbox_control.set_autopilot({"enabled": True, "delay_ms": delay_ms, "grade_mix": USUAL_MIX})
    _decide(returns)
    _inspect_strays(returns)
    progress = standing(returns)
    yield progress
    while not progress.done and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
        _approve(returns)
        progress = standing(returns)
        yield progress


def standing(returns: Sequence[UUID]) -> Progress:
    """Return how the returns stand now."""
    rows = Return.objects.filter(id__in=returns).values_list("status", "open_cases", "logistics", "inspection", "money")
    ended = with_case = 0
    waiting: Counter[str] = Counter()
    for status, cases, logistics, inspection, money in rows:
        if status in ENDED:
            ended += 1
        elif cases:
            with_case += 1
        else:
            waiting[_waits_for(status, logistics, inspection, money)] += 1
    return Progress(len(returns), ended, with_case, dict(waiting))


def _waits_for(status: str, logistics: str, inspection: str, money: str) -> str:
    if status != "authorized":
        return "decision"
    if logistics != "received":
        return "goods"
    if inspection != "done":
        return "inspection"
    return "money" if money != "refunded" else "booking"


def _decide(returns: Sequence[UUID]) -> None:
    """Authorize what waits for a person: in a simulation nobody else will."""
    waiting = Return.objects.filter(id__in=returns, status__in=("requested", "in_review"))
    for return_id in waiting.values_list("id", flat=True):
        try:
            authorize_return(actor=ACTOR, return_id=return_id, reason="simulated decision")
        except DomainError:
            continue  # it was decided in between, or a rule forbids it: its case says so


def _approve(returns: Sequence[UUID]) -> None:
    for refund_id in Refund.objects.filter(rma__in=returns, status="pending_approval").values_list("id", flat=True):
        try:
            approve_refund(actor=APPROVER, refund_id=refund_id, reason="simulated approval")
        except DomainError:
            continue  # a person decided it in between


def _inspect_strays(returns: Sequence[UUID]) -> None:
    """Inspect goods that no warehouse announces, because they came without a return: they go to quarantine."""
    strays = Return.objects.filter(id__in=returns, kind="blind", inspection__in=("pending", "partial"))
    for rma in strays.prefetch_related("lines", "receipts__location"):
        slices = [
            SliceIn(
                line_no=line.line_no,
                quantity=line.received - line.inspected,
                accepted=True,
                condition="unknown",
                disposition=Disposition.QUARANTINE,
                reason="no order known",
            )
            for line in rma.lines.all()
            if line.received > line.inspected
        ]
        location = rma.receipts.all()[0].location.code
        if slices:
            inspection = InspectionIn(reference=f"simulated:{rma.id}", location=location, slices=slices)
            inspect_return(actor=ACTOR, return_id=rma.id, inspection=inspection)

"""Drive returns through the outside world: parcels arrive, are inspected, paid, booked; each ends or has a case."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from connectors import sandbox_control
from connectors.simulation.trading import ACTOR, seed_payments_behind
from inventory.enums import Disposition
from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.cases.selectors import open_cases_of
from retailops.lib.errors import Conflict, DomainError
from returns.enums import ExchangeStatus, RefundStatus
from returns.inputs import InspectionIn, SliceIn
from returns.inputs.exchanges import ExchangePaymentIn
from returns.models import Exchange, Refund, Return
from returns.services.decisions import authorize_return
from returns.services.exchanges import record_payment, still_owed
from returns.services.inspecting import inspect_return
from returns.services.refunds import approve_refund

ENDED = ("closed", "declined", "canceled", "expired")
USUAL_MIX = {"A": 0.8, "B": 0.12, "D": 0.08}
LOOK_EVERY_SECONDS = 0.5
# The second person of refunds above the limit. A real account, without a password: only people hold roles and limits.
APPROVER_EMAIL = "simulated-approver@retailops.example"


@dataclass(frozen=True)
class Progress:
    """How the driven returns stand: ended, with an open case, and still on their way by what they wait for.

    `refused` counts approvals that the simulated approver may not give, by the reason.
    """

    total: int
    ended: int
    with_case: int
    waiting: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether every return has ended or has a case."""
        return self.ended + self.with_case == self.total

    @property
    def at_rest(self) -> bool:
        """Whether nothing more will happen by itself: all are done, or what is left waits for refused approvals."""
        return self.done or (set(self.waiting) == {"approval"} and bool(self.refused))


def drive(returns: Sequence[UUID], *, seconds: float, delay_ms: int = 50) -> Iterator[Progress]:
    """Let the outside world act on the returns, yielding how they stand until all are done or the time is up.

    Web and workers (or `manage.py pump`) must run: what happens outside comes back by webhook. Afterwards no parcel
    arrives by itself any more: refunds of later returns would go out before the gateway knows their payments.
    Raises SandboxAway.
    """
    deadline = time.monotonic() + seconds
    approver = simulated_approver()
    seed_payments_behind(returns)
    sandbox_control.set_autopilot({"enabled": True, "delay_ms": delay_ms, "grade_mix": USUAL_MIX})
    try:
        _decide(returns)
        _inspect_strays(returns)
        while True:
            _pay(returns)
            refused = _approve(returns, approver)
            progress = standing(returns, refused)
            yield progress
            if progress.at_rest or time.monotonic() > deadline:
                return
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        sandbox_control.set_autopilot({"enabled": False})


def simulated_approver() -> Actor:
    """Return the person who approves in the simulation."""
    return simulated_person(APPROVER_EMAIL, "Simulated approver", Role.FINANCE_APPROVER)


@transaction.atomic
def simulated_person(email: str, name: str, role: Role) -> Actor:
    """Return somebody who holds the role everywhere; made where missing, and nobody can sign in as them."""
    person = User.objects.filter(email=email).first()
    if person is None:
        person = User.objects.create_user(email, name=name)
        RoleGrant.objects.create(user=person, role=role, granted_by="simulation")
    return person.actor()


def standing(returns: Sequence[UUID], refused: dict[str, int] | None = None) -> Progress:
    """Return how the returns stand now."""
    rows = Return.objects.filter(id__in=returns)
    unapproved = set(_unapproved(returns).values_list("rma_id", flat=True))
    ended = with_case = 0
    waiting: Counter[str] = Counter()
    for key, status, cases, *facets in rows.values_list(
        "id", "status", "open_cases", "logistics", "inspection", "money"
    ):
        if status in ENDED:
            ended += 1
        elif cases:
            with_case += 1
        else:
            waiting["approval" if key in unapproved else _waits_for(status, *facets)] += 1
    return Progress(len(returns), ended, with_case, dict(waiting), refused or {})


def case_reasons(returns: Sequence[UUID]) -> dict[str, int]:
    """Return how many open cases the returns and their refunds have, by kind in plain words, most first."""
    refunds = Refund.objects.filter(rma__in=returns).values_list("id", flat=True)
    kinds = open_cases_of([*returns, *refunds]).values_list("kind", flat=True)
    return dict(Counter(kind.replace("_", " ") for kind in kinds).most_common())


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


def _unapproved(returns: Sequence[UUID]) -> QuerySet[Refund]:
    return Refund.objects.filter(rma__in=returns, status=RefundStatus.PENDING_APPROVAL)


def _approve(returns: Sequence[UUID], approver: Actor) -> dict[str, int]:
    """Approve what waits for a second person; return the reasons of what was refused, with their numbers."""
    refused: Counter[str] = Counter()
    for refund_id in _unapproved(returns).values_list("id", flat=True):
        try:
            approve_refund(actor=approver, refund_id=refund_id, reason="simulated approval")
        except Conflict:
            continue  # a person decided it in between
        except DomainError as refusal:
            refused[refusal.detail] += 1
    return dict(refused)


def _pay(returns: Sequence[UUID]) -> None:
    """Have customers pay what they owe for exchanges, at the gateway first."""
    for exchange in Exchange.objects.filter(rma__in=returns, status=ExchangeStatus.AWAITING_PAYMENT):
        owed = still_owed(exchange)
        if not owed:
            continue
        reference = f"pi_simulated_{exchange.id.hex}_{owed}"
        sandbox_control.seed_payments([{"id": reference, "amount": owed, "currency": exchange.currency.lower()}])
        payment = ExchangePaymentIn(
            gateway="stripe", external_reference=reference, amount=owed, currency=exchange.currency
        )
        try:
            record_payment(actor=ACTOR, exchange_id=exchange.id, payment=payment)
        except DomainError:
            continue  # it was paid or canceled in between


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

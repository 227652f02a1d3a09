"""Any sequence of commands on an order's returns, through the real services, leaves every invariant true."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from retailops.cases.models import Case
from retailops.cases.services import resolve_case
from retailops.lib.clock import now
from retailops.lib.errors import DomainError
from returns.enums import LIVE_REFUNDS
from returns.inputs import RefundProposalIn
from returns.models import CreditMemo, DispositionSlice, Order, Payment, Refund, Return
from returns.services import credit_memos, decisions, placing, quantities, refund_outcomes, refunds, transit
from returns.services.arriving import awaited
from returns.services.correcting import reverse_receipt
from returns.services.extra_units import accept_over_receipt
from tests.factories import (
    SYSTEM,
    ensure_policy,
    line_data,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    make_user,
    order_data,
    role_actor,
    slice_data,
    unique,
)
from tests.returns.exchange_steps import ExchangeSteps
from tests.returns.proofs import breaches
from tests.returns.stored_value_steps import StoredValueSteps

pytestmark = pytest.mark.django_db

OUTCOMES: dict[str, Callable[..., Refund]] = {
    "pending": refund_outcomes.record_refund_pending,
    "succeeded": refund_outcomes.settle_refund,
    "failed": refund_outcomes.fail_refund,
    "requires_action": refund_outcomes.require_refund_action,
    "unknown": refund_outcomes.mark_refund_unknown,
    "canceled": refund_outcomes.cancel_refund,
    "reversed": refund_outcomes.reverse_refund,
}
# Each step runs every audit; a long search is a matter of raising these.
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "6"))
STEPS = int(os.environ.get("STATE_MACHINE_STEPS", "15"))

few = st.integers(1, 3)
pick = st.integers(0, 5)


class ReturnsMachine(ExchangeSteps, StoredValueSteps, RuleBasedStateMachine):
    """One order, several returns of it, everything that may be done to them."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.approver = make_user("finance_approver").actor()

    def teardown(self) -> None:
        """Undo everything, so that examples do not meet."""
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @initialize(
        timing=st.sampled_from(["on_inspection", "on_receipt", "on_scan"]),
        memo=st.booleans(),
        limit=st.sampled_from([0, 2000, None]),
        tenders=st.sampled_from([1, 2]),
        inspect=st.booleans(),
        last=st.sampled_from(["card", "card", "marketplace"]),
        swap=st.sampled_from(["on_authorization", "on_scan", "on_receipt", "on_inspection"]),
    )
    def begin(
        self, timing: str, memo: bool, limit: int | None, tenders: int, inspect: bool, last: str, swap: str
    ) -> None:
        """Capture an order under a policy."""
        ensure_policy(
            refund_timing=timing,
            erp_memo_required=memo,
            auto_approve_limit={"*": limit},
            inspection_required=inspect,
            exchange_timing=swap,
            refund_shipping="proportional" if memo else "full_when_all",
            restocking_fee={"percent": "10", "fixed": {"GBP": 50}},
            resolutions=["refund", "exchange", "replacement", "store_credit", "gift_card", "none"],
            stored_value={"bonus_percent": "7", "gift_limit": {"*": 500}, "store_credit_days": 30},
        )
        self.location = make_location().code
        taxes = [{"code": "VAT", "amount": 401}, {"code": "ECO", "amount": 7, "included": True}]
        lines = [
            line_data("L1", quantity=3, unit_price=667, taxes=taxes),
            line_data("L2", quantity=2, unit_price=1001, duty=101),
        ]
        data = order_data(lines=lines, shipping_charged=499, shipping_tax=100, discount=333)
        total = data["payments"][0]["captured"]
        parts = [total // tenders] * (tenders - 1)
        data["payments"] = [
            {"external_id": unique("pi_"), "gateway": "stripe", "captured": amount}
            for amount in [*parts, total - sum(parts)]
        ]
        data["payments"][-1]["tender"] = last
        self.order: Order = make_order(**data)

    def attempt(self, command: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Run a command; a refusal must change nothing."""
        try:
            with transaction.atomic():
                command(*args, **kwargs)
        except DomainError:
            pass

    def a_return(self, pick: int) -> Return | None:
        """Return one of the returns."""
        rows = list(Return.objects.filter(order=self.order).order_by("id"))
        return rows[pick % len(rows)] if rows else None

    def a_refund(self, pick: int) -> Refund | None:
        """Return one of the refunds."""
        rows = list(Refund.objects.filter(rma__order=self.order).order_by("id"))
        return rows[pick % len(rows)] if rows else None

    @rule(one=st.integers(0, 3), two=st.integers(0, 2), kind=st.sampled_from(["mail_in", "store", "returnless"]))
    def ask(self, one: int, two: int, kind: str) -> None:
        """Request a return of some units."""
        wanted = {number: units for number, units in ((1, one), (2, two)) if units}
        if wanted:
            self.attempt(make_return, self.order, wanted, kind=kind)

    @rule(one=st.integers(0, 2), two=st.integers(0, 2), resolution=st.sampled_from(["exchange", "replacement"]))
    def ask_for_other_goods(self, one: int, two: int, resolution: str) -> None:
        """Request a return of some units for an exchange."""
        asked = [{"line_no": no, "quantity": n, "resolution": resolution} for no, n in ((1, one), (2, two)) if n]
        if asked:
            self.attempt(make_return, self.order, lines=asked, kind="exchange")

    @rule(pick=pick, verb=st.sampled_from(["authorize", "decline", "cancel", "reinstate", "reopen", "close"]))
    def decide(self, pick: int, verb: str) -> None:
        """Decide on a return."""
        rma = self.a_return(pick)
        if rma:
            command = getattr(decisions, f"{verb}_return")
            self.attempt(command, actor=self.approver_of_returns, return_id=rma.id, reason="because")

    @property
    def approver_of_returns(self) -> Any:
        """Return somebody other than who requests."""
        return role_actor("administrator", id="00000000-0000-7000-8000-000000000001")

    @rule(pick=pick)
    def scan(self, pick: int) -> None:
        """The carrier scans the parcel."""
        rma = self.a_return(pick)
        if rma:
            self.attempt(transit.mark_in_transit, actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now())

    @rule(pick=pick, line=st.integers(1, 2), units=few)
    def arrive(self, pick: int, line: int, units: int) -> None:
        """A parcel arrives, perhaps with more than expected."""
        rma = self.a_return(pick)
        if rma:
            self.attempt(make_receipt, rma, {line: units}, location=self.location)

    @rule(pick=pick, line=st.integers(1, 2), units=few, accepted=st.booleans())
    def inspect(self, pick: int, line: int, units: int, accepted: bool) -> None:
        """Judge units."""
        rma = self.a_return(pick)
        if rma:
            where = "sellable" if accepted else "damaged"
            part = slice_data(line, units, accepted=accepted, disposition=where)
            self.attempt(make_inspection, rma, [part], location=self.location)

    @rule(
        pick=pick,
        line=st.integers(1, 2),
        units=few,
        what=st.sampled_from([
            quantities.declare_missing, quantities.keep_units, quantities.cancel_remaining, accept_over_receipt,
        ]),
    )  # fmt: skip
    def count(self, pick: int, line: int, units: int, what: Callable[..., Return]) -> None:
        """Give units up, or take extra ones over."""
        rma = self.a_return(pick)
        if rma:
            self.attempt(what, actor=SYSTEM, return_id=rma.id, line_no=line, quantity=units, reason="counted")

    @rule(pick=pick, accepted=st.booleans())
    def bring_all(self, pick: int, accepted: bool) -> None:
        """Everything that is expected arrives and is judged."""
        rma = self.a_return(pick)
        wanted = {line.line_no: awaited(line) for line in rma.lines.all() if awaited(line) > 0} if rma else {}
        if rma and wanted:
            self.attempt(make_receipt, rma, wanted, location=self.location)
            where = "sellable" if accepted else "damaged"
            waiting = {line.line_no: line.received - line.inspected for line in rma.lines.all()}
            parts = [
                slice_data(number, units, accepted=accepted, disposition=where)
                for number, units in waiting.items()
                if units
            ]
            if parts:
                self.attempt(make_inspection, rma, parts, location=self.location)

    @rule(pick=pick)
    def settle(self, pick: int) -> None:
        """The gateway pays and the ERP posts."""
        refund = self.a_refund(pick)
        if refund and refund.status == "submitting":
            self.attempt(
                refund_outcomes.settle_refund, actor=SYSTEM, refund_id=refund.id, external_reference=f"re_{refund.id}"
            )
            for memo in CreditMemo.objects.filter(refund=refund):
                self.attempt(credit_memos.record_credit_memo, actor=SYSTEM, memo_id=memo.id, external_reference="CM")

    @rule(pick=pick)
    def undo_receipt(self, pick: int) -> None:
        """Reverse the last receipt."""
        rma = self.a_return(pick)
        last = rma.receipts.filter(reverses=None).order_by("id").last() if rma else None
        if rma and last:
            self.attempt(reverse_receipt, actor=SYSTEM, return_id=rma.id, scan_id=last.scan_id, reason="mistake")

    @rule(pick=pick, accepted=st.booleans(), undo=st.booleans())
    def judge_again(self, pick: int, accepted: bool, undo: bool) -> None:
        """Change or take back a verdict."""
        rows = list(DispositionSlice.objects.filter(line__rma__order=self.order).order_by("id"))
        if not rows:
            return
        part = rows[pick % len(rows)]
        if undo:
            self.attempt(placing.reverse_disposition, actor=SYSTEM, slice_id=part.id, reason="wrong")
        else:
            self.attempt(
                placing.redecide_disposition,
                actor=SYSTEM,
                slice_id=part.id,
                disposition="quarantine",
                reason="wrong",
                accepted=accepted,
            )

    @rule(pick=pick, amount=st.one_of(st.none(), st.integers(1, 6000)), waive=st.booleans())
    def propose(self, pick: int, amount: int | None, waive: bool) -> None:
        """Propose a refund by hand."""
        rma = self.a_return(pick)
        if rma:
            proposal = RefundProposalIn(amount=amount, waive_fees=waive, reason="goodwill")
            self.attempt(refunds.propose_refund, actor=SYSTEM, return_id=rma.id, proposal=proposal)

    @rule(pick=pick, yes=st.booleans())
    def second_person(self, pick: int, yes: bool) -> None:
        """Approve or refuse."""
        refund = self.a_refund(pick)
        if refund:
            command = refunds.approve_refund if yes else refunds.deny_refund
            self.attempt(command, actor=self.approver, refund_id=refund.id, reason="looked at it")

    @rule(pick=pick, outcome=st.sampled_from(sorted(OUTCOMES)))
    def gateway(self, pick: int, outcome: str) -> None:
        """The gateway says something, in any order, perhaps twice."""
        refund = self.a_refund(pick)
        if refund:
            self.attempt(OUTCOMES[outcome], actor=SYSTEM, refund_id=refund.id, external_reference=f"re_{refund.id}")

    @rule(pick=pick, other=pick)
    def replace(self, pick: int, other: int) -> None:
        """Pay a failed refund by another try or tender."""
        refund = self.a_refund(pick)
        if refund:
            payments = list(Payment.objects.filter(order=self.order).order_by("id"))
            payment = payments[other % len(payments)]
            self.attempt(
                refunds.supersede_refund, actor=SYSTEM, refund_id=refund.id, reason="again", payment_id=payment.id
            )

    @rule(pick=pick, posted=st.booleans())
    def erp(self, pick: int, posted: bool) -> None:
        """The ERP answers about a memo."""
        rows = list(CreditMemo.objects.filter(rma__order=self.order).order_by("id"))
        if rows:
            memo = rows[pick % len(rows)]
            if posted:
                self.attempt(credit_memos.record_credit_memo, actor=SYSTEM, memo_id=memo.id, external_reference="CM")
            else:
                self.attempt(credit_memos.reject_credit_memo, actor=SYSTEM, memo_id=memo.id, failure="no")

    @rule(pick=pick)
    def work_case(self, pick: int) -> None:
        """Resolve a case."""
        rows = list(Case.objects.filter(status="open").order_by("id"))
        if rows:
            self.attempt(resolve_case, SYSTEM, rows[pick % len(rows)].id, "done", {"note": "seen"})

    @invariant()
    def every_invariant_holds(self) -> None:
        """Run all the audits."""
        found = breaches()
        assert not found, "\n".join(found)

    @invariant()
    def nobody_gets_more_than_they_paid(self) -> None:
        """Say the first promise in other words than the audit does."""
        if hasattr(self, "order"):
            paid = sum(Payment.objects.filter(order=self.order).values_list("captured", flat=True))
            live = Refund.objects.filter(rma__order=self.order, status__in=LIVE_REFUNDS)
            assert sum(live.values_list("amount", flat=True)) <= paid


def test_any_sequence_of_commands_keeps_every_invariant() -> None:
    run_state_machine_as_test(
        ReturnsMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],  # the sequence itself is told; shrinking it would take minutes
            suppress_health_check=list(HealthCheck),
        ),
    )

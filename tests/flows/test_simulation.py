"""A retailer's history taken over from a file, then driven through the sandbox systems to its end or to a case."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connectors.books import compare
from connectors.sandbox_control import books
from connectors.simulation import driving
from connectors.simulation.driving import Progress, case_reasons, drive, simulated_approver
from connectors.simulation.trading import unfinished
from retailops.accounts.models import User
from retailops.cases.models import Case
from retailops.events.pump import pump_once
from returns.enums import RefundStatus
from returns.models import Refund, Return
from tests.factories import ensure_policy
from tests.flows.conftest import House, hurry
from tests.flows.test_exchange import exchanged, on_the_shelf
from tests.flows.test_one_return import no_breach

# Sold: a lamp three times, a dear cabinet. Returned: two lamps, the cabinet, and a rug that nobody here bought.
ROWS = """\
InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country
1,A,Lamp,3,10.00,7,United Kingdom
2,B,Cabinet,1,900.00,8,United Kingdom
C3,A,Lamp,-2,10.00,7,United Kingdom
C4,B,Cabinet,-1,900.00,8,United Kingdom
C5,R,Rug,-1,5.00,9,United Kingdom
"""


@pytest.fixture
def no_approvals(house: House) -> None:
    """A policy under which no role may approve anything."""
    ensure_policy(approval_limits={})


@pytest.fixture
def history(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, and a driver that looks without pauses."""
    monkeypatch.setattr(driving, "LOOK_EVERY_SECONDS", 0.0)
    path = tmp_path / "history.csv"
    path.write_text(ROWS, encoding="utf-8")
    call_command("import_orders", str(path), mapping="online_retail", stdout=StringIO(), stderr=StringIO())
    return path


def driven(house: House, seconds: float = 120) -> Progress:
    """Drive all that is unfinished while the house works."""
    seen: list[Progress] = []
    for progress in drive(unfinished(), seconds=seconds, delay_ms=1):
        seen.append(progress)
        hurry()
        pump_once()
    house.until(house.quiet, "the webhooks have arrived")
    return seen[-1]


def test_a_real_history_runs_to_its_end_or_to_a_case(house: House, history: Path) -> None:
    everything = unfinished()
    progress = driven(house)
    assert (progress.total, progress.ended, progress.with_case, progress.refused) == (3, 2, 1, {})
    assert case_reasons(everything) == {"blind return": 1}
    returns = Return.objects.filter(order__isnull=False)
    facets = set(returns.values_list("status", "money", "stock", "erp", "open_cases"))
    assert facets == {("closed", "refunded", "placed", "posted", 0)}
    refunds = Refund.objects.order_by("amount").values_list("amount", "status")
    assert list(refunds) == [(2000, RefundStatus.SUCCEEDED), (90000, RefundStatus.SUCCEEDED)]
    assert [memo["total"] for memo in sorted(books("netsuite")["memos"], key=lambda memo: memo["total"])] == [20, 900]
    house.until(lambda: not pump_once(), "everybody has been told")
    assert compare().differences == []
    no_breach()


def test_the_customer_of_a_dearer_exchange_pays_and_gets_the_goods(house: House, history: Path) -> None:
    on_the_shelf(house)
    exchange = exchanged(house, price=1500)
    progress = driven(house)
    assert (progress.total, progress.ended, progress.with_case) == (4, 3, 1)
    exchange.refresh_from_db()
    assert (exchange.status, [payment.amount for payment in exchange.payments.all()]) == ("shipped", [1000])
    no_breach()


def test_a_second_person_who_cannot_sign_in_approves_what_is_above_the_limit(house: House, history: Path) -> None:
    driven(house)
    refund = Refund.objects.get(amount=90000)
    approver = User.objects.get(email=driving.APPROVER_EMAIL)
    assert (refund.approved_by, refund.requested_by) == (f"user:{approver.id}", "system:policy")
    assert not approver.has_usable_password()
    assert simulated_approver().key == refund.approved_by
    assert User.objects.filter(email=driving.APPROVER_EMAIL).count() == 1


def test_what_nobody_may_approve_ends_the_drive_with_the_reason(
    house: House, no_approvals: None, history: Path
) -> None:
    progress = driven(house)
    assert not progress.done
    assert progress.waiting == {"approval": 1}
    assert progress.refused == {"900.00 GBP is above what Simulated approver may approve.": 1}
    out = StringIO()
    with pytest.raises(CommandError, match="neither ended nor have a case"):
        call_command("simulate", drive=True, stdout=out, stderr=StringIO())
    assert "1 with a case for a person, 1 wait for approval." in out.getvalue()
    assert "1  open cases: blind return" in out.getvalue()
    assert "1  approvals refused: 900.00 GBP is above what Simulated approver may approve." in out.getvalue()


def test_no_parcel_arrives_by_itself_after_the_drive(house: House, history: Path, tmp_path: Path) -> None:
    driven(house)
    assert house.sandbox.control("GET", "/wms/autopilot")["enabled"] is False
    later = tmp_path / "later.csv"
    header, *rows = ROWS.replace("\nC", "\nC9").replace("\n1,", "\n91,").replace("\n2,", "\n92,").splitlines()
    later.write_text("\n".join([header, *rows[:3]]) + "\n", encoding="utf-8")
    call_command("import_orders", str(later), mapping="online_retail", stdout=StringIO(), stderr=StringIO())
    [new] = Return.objects.filter(order__number="91")
    house.announced(new)
    assert [notice["status"] for notice in house.notices(new)] == ["expected"]
    assert driven(house).done
    assert Return.objects.get(pk=new.pk).status == "closed"
    assert Case.objects.filter(status="open").values_list("kind", flat=True).get() == "blind_return"

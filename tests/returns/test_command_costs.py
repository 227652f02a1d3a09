"""What ordinary commands ask the database: few statements, and the return is weighed and written once a command."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.demo.connections import connections_without_sandbox
from returns.inputs import InspectionIn, ReceiptIn, ReceiptLineIn, SliceIn
from returns.models import CreditMemo, DispositionSlice, Refund
from returns.services.credit_memos import record_credit_memo
from returns.services.inspecting import inspect_return
from returns.services.placing import record_disposition_posted
from returns.services.receiving import receive_return
from returns.services.refund_outcomes import settle_refund
from tests.factories import SYSTEM, fresh, make_location, make_return, unique
from tests.returns.proofs import prove
from tests.statements import statements

pytestmark = pytest.mark.django_db
# At most so many, savepoints apart; whoever needs one more writes it down here.
MOST = {"receive": 25, "inspect": 55, "settle": 37, "memo": 16, "place": 29}


def told_by(command: Callable[[], Any]) -> list[str]:
    with statements() as told:
        command()
    return [each for each in told if "SAVEPOINT" not in each and "sla_slapolicy" not in each]


def live() -> dict[str, list[str]]:
    """Live a whole return; return what each of its commands told the database."""
    rma, place = make_return(quantities={1: 1}), make_location()
    said: dict[str, Any] = {"actor": SYSTEM, "external_reference": unique()}
    receipt = ReceiptIn(scan_id=unique(), location=place.code, lines=[ReceiptLineIn(line_no=1, quantity=1)])
    part = SliceIn(line_no=1, quantity=1, accepted=True, condition="A", disposition="sellable")
    inspection = InspectionIn(reference=unique(), location=place.code, slices=[part])
    told = {"receive": told_by(lambda: receive_return(actor=SYSTEM, return_id=rma.id, receipt=receipt))}
    told["inspect"] = told_by(lambda: inspect_return(actor=SYSTEM, return_id=rma.id, inspection=inspection))
    refund = Refund.objects.get(rma=rma)
    told["settle"] = told_by(lambda: settle_refund(refund_id=refund.id, **said))
    memo = CreditMemo.objects.get(rma=rma)
    told["memo"] = told_by(lambda: record_credit_memo(memo_id=memo.id, **said))
    placed = DispositionSlice.objects.get(line__rma=rma)
    told["place"] = told_by(lambda: record_disposition_posted(slice_id=placed.id, **said))
    assert fresh(rma).status == "closed"
    return told


def test_ordinary_commands_take_few_statements_and_save_the_return_once() -> None:
    connections_without_sandbox()
    live()  # what a process learns once
    told = live()
    assert {name: len(each) for name, each in told.items() if len(each) > MOST[name]} == {}
    for name, each in told.items():
        assert sum(text.startswith("WITH swapped") for text in each) == 1, name
        assert sum(text.startswith('UPDATE "returns_return" ') for text in each) == 1, name
        assert [text for text in each if "%s" in text] == [], name
    prove()

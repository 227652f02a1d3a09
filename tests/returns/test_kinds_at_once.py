"""Two at once on the kinds' own commands: one effect, and nothing that arrived is lost."""

import pytest

from retailops.lib.errors import DomainError
from returns.inputs import read
from returns.inputs.parcels import DropOffIn, ReturnToSenderIn
from returns.inputs.store import StoreReturnIn
from returns.models import DropOffCode, Receipt, Refund, Return
from returns.services import decisions
from returns.services.carrier_returns import return_to_sender
from returns.services.parcels import take_drop_off
from returns.services.till import return_in_store
from tests.factories import SYSTEM, fresh, make_location, make_order, make_receipt, make_return, unique
from tests.returns.proofs import prove
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cancel_against_a_receipt_loses_no_goods() -> None:
    rma = make_return()
    results = together(
        lambda: decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason="x"), lambda: make_receipt(rma)
    )
    assert Receipt.objects.filter(rma=rma).count() == 1
    refused = [result for result in results if isinstance(result, DomainError)]
    # Either the goods came first and the cancel is refused, or they came to a canceled return and have a case.
    assert (fresh(rma).status, len(refused)) in {("authorized", 1), ("canceled", 0)}
    prove()


def test_one_till_receipt_sent_many_times_pays_once() -> None:
    told = read(StoreReturnIn, {
        "order": {"order_id": make_order().id}, "store": make_location(unique("ST-"), kind="store").code,
        "receipt_number": unique("R-"), "lines": [{"line_no": 1, "quantity": 1}],
    })  # fmt: skip
    results = together(*[lambda: return_in_store(actor=SYSTEM, till=told)] * 4)
    assert not [result for result in results if isinstance(result, DomainError)]
    assert (Return.objects.count(), Receipt.objects.count(), Refund.objects.count()) == (1, 1, 1)
    prove()


def test_one_notice_of_a_carrier_and_one_drop_off_are_one_each() -> None:
    order = make_order()
    notice = read(ReturnToSenderIn, {"tracking": order.shipments.get().tracking})
    together(*[lambda: return_to_sender(actor=SYSTEM, notice=notice)] * 4)
    assert Return.objects.filter(order=order).count() == 1
    rma = make_return(kind="drop_off")
    handed = read(DropOffIn, {"code": DropOffCode.objects.get(rma=rma).token, "partner": "Corner shop"})
    together(*[lambda: take_drop_off(actor=SYSTEM, drop_off=handed)] * 4)
    assert rma.parcels.get().scans.count() == 1
    prove()

"""Lines that came up after the decision bear the policy of their own category, and the page says so."""

import pytest

from returns.inputs import BlindReceiptIn, OrderRef, ReceiptIn, ReceiptLineIn, read
from returns.services.blind import match_return, receive_blind
from returns.services.receiving import receive_return
from returns.services.strays import accept_stray, strays_of
from returns.web.why import why_of
from tests.factories import SYSTEM, fresh, make_location, make_receipt, make_return, unique
from tests.returns.proofs import prove
from tests.returns.refunding import parts
from tests.returns.test_joins_money import came, two_categories

pytestmark = pytest.mark.django_db


def test_an_item_that_nobody_announced_bears_the_fee_of_its_own_category() -> None:
    order = two_categories()
    rma = make_return(order, {2: 1})
    make_receipt(rma)
    sku = order.lines.get(line_no=1).sku
    arrived = ReceiptIn(
        scan_id=unique("scan-"), location=make_location().code, lines=[ReceiptLineIn(sku=sku, quantity=1)]
    )
    receive_return(actor=SYSTEM, return_id=rma.id, receipt=arrived)
    [stray] = strays_of(rma)
    accept_stray(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1, reason="she sent both")
    came(rma, 1, 1)
    came(rma, 2, 1)
    [tee, shoe] = rma.refunds.order_by("id")
    assert parts(tee) == {"item": 2550, "restocking_fee": -255 - 50}
    # 20% by the policy of shoes; of its 2.00 once a return, 0.50 was taken before.
    assert parts(shoe) == {"item": 1000, "restocking_fee": -200 - 150}
    why = why_of(fresh(rma), [])
    assert why is not None
    assert [(name, policy) for name, policy, _ in why.lines] == [
        (order.lines.get(line_no=2).sku, "standard@2"),
        (sku, "shoes@1"),
    ]
    prove()


def test_a_matched_parcel_bears_the_fee_of_its_lines_categories() -> None:
    order = two_categories()
    parcel = {
        "scan_id": unique("scan-"), "location": make_location().code, "region": "uk", "brand": "acme",
        "currency": "GBP", "lines": [{"sku": "shoe", "quantity": 1}, {"sku": "tee", "quantity": 1}],
    }  # fmt: skip
    rma = receive_blind(actor=SYSTEM, receipt=read(BlindReceiptIn, parcel))
    ref = OrderRef(order_id=order.id)
    match_return(actor=SYSTEM, return_id=rma.id, order=ref, lines={1: "L1", 2: "L2"}, reason="her letter says so")
    came(rma, 1, 1)
    came(rma, 2, 1)
    [shoe, tee] = rma.refunds.order_by("id")
    assert parts(shoe) == {"item": 1000, "restocking_fee": -200 - 200}
    assert parts(tee) == {"item": 2550, "restocking_fee": -255}
    assert [policy for _, policy, _ in why_of(fresh(rma), []).lines] == ["shoes@1", "standard@2"]  # type: ignore[union-attr]
    prove()

"""The trace over the API: any id leads to the whole story, and only to whom it concerns."""

import pytest

from returns.models import Order
from tests.api.conftest import Api, MakeApi
from tests.factories import make_inspected_return, make_return


def test_every_id_leads_to_the_story(api: Api) -> None:
    rma = make_inspected_return()
    order = Order.objects.get(returns=rma)
    refund, receipt = rma.refunds.get(), rma.receipts.get()
    ids = [
        rma.number, str(rma.id), order.number, order.external_id, str(order.id), str(rma.correlation_id),
        str(refund.id), receipt.scan_id,
    ]  # fmt: skip
    for id in ids:
        found = api.get(f"/trace/{id}").ok()
        assert [trace["correlation_id"] for trace in found["traces"]] == [str(rma.correlation_id)], id
    types = [entry["event"]["type"] for entry in found["traces"][0]["entries"] if entry["event"]]
    assert types.index("return.requested") < types.index("return.authorized") < types.index("return_line.received")
    assert "refund.submitted" in types


def test_the_story_is_told_to_whom_it_concerns(stranger: Api, powerless: Api, make_api: MakeApi) -> None:
    rma = make_return()
    stranger.get(f"/trace/{rma.number}").problem(404, "not-found")
    powerless.get(f"/trace/{rma.number}").problem(403, "denied")
    make_api("returns:read").get(f"/trace/{rma.number}").problem(403, "denied")
    make_api("events:read").get(f"/trace/{rma.number}").ok()


@pytest.mark.parametrize("id", ["nothing", "01970000-0000-7000-8000-000000000000", "a/b/c", "%00"])
def test_what_nothing_bears_is_404(api: Api, id: str) -> None:
    api.get(f"/trace/{id}").problem(404, "not-found")

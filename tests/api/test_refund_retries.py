"""A refund that was not paid is tried again by the API, as it was or in another way."""

from uuid import uuid4

import pytest

from returns.models import Refund
from returns.services import refund_outcomes
from tests.api.conftest import Api, MakeApi
from tests.factories import SYSTEM, ensure_policy, make_inspected_return, make_order

pytestmark = pytest.mark.django_db


def failed() -> Refund:
    refund = make_inspected_return(make_order(), {1: 1}).refunds.get()
    return refund_outcomes.fail_refund(actor=SYSTEM, refund_id=refund.id, code="expired_card")


def test_it_is_tried_again_once(api: Api) -> None:
    refund = failed()
    made = api.post(f"/refunds/{refund.id}/retry", {"reason": "the gateway was down"}, key="r-1").ok(201)
    assert (made["status"], made["amount"], made["destination"]) == (
        "submitting",
        {"amount": 1000, "currency": "GBP"},
        "tender",
    )
    again = api.post(f"/refunds/{refund.id}/retry", {"reason": "the gateway was down"}, key="r-1")
    assert (again.status, again.json["id"]) == (200, made["id"])
    other = api.post(f"/refunds/{refund.id}/retry", {"reason": "the gateway was down"}, key="r-2")
    assert (other.status, Refund.objects.count()) == (409, 2)
    assert api.get(f"/refunds/{refund.id}").ok()["status"] == "superseded"


def test_another_way_waits_for_a_second_person(api: Api) -> None:
    ensure_policy(resolutions=["refund", "store_credit"])
    refund = failed()
    body = {"reason": "the card is closed", "destination": "store_credit"}
    made = api.post(f"/refunds/{refund.id}/retry", body, key="r-3").ok(201)
    assert (made["status"], made["destination"]) == ("pending_approval", "store_credit")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": ""}, 400),
        ({"reason": "x", "payment_id": str(uuid4())}, 422),
        ({"reason": "x", "destination": "cash"}, 400),
    ],
    ids=["reason", "payment", "way"],
)
def test_what_does_not_fit_changes_nothing(api: Api, body: dict[str, str], status: int) -> None:
    refund = failed()
    assert api.post(f"/refunds/{refund.id}/retry", body, key="r-4").status == status
    assert Refund.objects.get().status == "failed"


def test_three_callers(stranger: Api, make_api: MakeApi) -> None:
    refund = failed()
    reader = make_api("returns:read", "refunds:read")
    stranger.post(f"/refunds/{refund.id}/retry", {"reason": "x"}, key="a").problem(404, "not-found")
    reader.post(f"/refunds/{refund.id}/retry", {"reason": "x"}, key="a").problem(403, "denied")
    assert Refund.objects.get().status == "failed"

"""What other systems say of a return, over the API."""

import pytest

from tests.api.conftest import MakeApi
from tests.factories import make_return

pytestmark = pytest.mark.django_db


def test_what_differs_is_a_discrepancy_until_it_agrees(make_api: MakeApi) -> None:
    api = make_api("returns:write", "discrepancies:read")
    rma = make_return()
    address = f"/returns/{rma.number}/tellings"
    answer = api.post(address, {"system": "shop", "status": "canceled"})
    assert (answer.status, answer.json["late"], answer.json["discrepancies"][0]["theirs"]) == (200, False, "canceled")
    [listed] = api.get("/discrepancies", type="return_drift").json["results"]
    assert listed == answer.json["discrepancies"][0]
    api.post(address, {"system": "shop"}).problem(400, "invalid")
    assert api.post(address, {"system": "shop", "status": "authorized"}).json == {
        "return_number": rma.number,
        "late": False,
        "discrepancies": [],
    }
    assert api.get("/discrepancies", status="open").json["results"] == []

"""Units that came by number are judged by number: what the API says where they are not."""

import pytest

from returns.models import Inspection
from tests.api.conftest import Api
from tests.factories import fresh, make_return, slice_data
from tests.returns.test_serials import came, sold

pytestmark = pytest.mark.django_db


def test_by_api_it_is_a_problem_with_a_pointer(api: Api) -> None:
    phones = make_return(sold("A", "B"), {1: 2})
    came(phones, ["A", "B"])
    phones = fresh(phones)
    body = {"reference": "I-1", "location": phones.receipts.get().location.code, "slices": [slice_data(1, 1)]}
    problem = api.post(f"/returns/{phones.number}/inspections", body).problem(422, "serials-needed")
    assert problem["errors"][0]["pointer"] == "/slices/0/serials"
    assert not Inspection.objects.exists()

"""Pages where parts of the domain meet: the ERP's reversal of a memo, the replacement of a warranty."""

import pytest
from django.urls import reverse

from returns.models import CreditMemo
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def memo() -> CreditMemo:
    world.Story.told()
    return world.came_back().credit_memos.get()


def test_a_lead_records_that_the_erp_reversed_a_memo(memo: CreditMemo) -> None:
    lead = world.signed_in(world.person("ops_lead"))
    number = memo.rma.number
    address = reverse("returns:memo_reversed", args=[number, memo.id])
    assert address in lead.get(reverse("returns:detail", args=[number])).content.decode()
    shown = lead.get(address)
    assert (shown.status_code, "CM-20417" in shown.content.decode()) == (200, True)
    assert lead.post(address, {"external_reference": ""}).status_code == 422
    assert lead.post(address, {"external_reference": "CM-20417-R"}).status_code == 303
    memo.refresh_from_db()
    assert (memo.status, memo.failure) == ("reversed", "reversed by CM-20417-R")
    assert address not in lead.get(reverse("returns:detail", args=[number])).content.decode()
    assert "only a posted one is reversed" in lead.get(address).content.decode()


def test_who_may_not_record_it_is_not_offered_it(memo: CreditMemo) -> None:
    agent = world.signed_in(world.person("ops_agent"))
    address = reverse("returns:memo_reversed", args=[memo.rma.number, memo.id])
    assert address not in agent.get(reverse("returns:detail", args=[memo.rma.number])).content.decode()
    for answer in (agent.get(address), agent.post(address, {"external_reference": "CM-20417-R"})):
        assert answer.status_code == 403
    memo.refresh_from_db()
    assert memo.status == "posted"

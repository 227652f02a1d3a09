"""The list of returns, one return, and what can be done there, without JavaScript."""

import csv
import io
import re

import pytest
from django.test import Client

from returns.enums import RefundStatus, ReturnStatus
from returns.models import Inspection, Receipt, Refund, Return
from returns.services.decisions import cancel_return
from tests.workbench import world

pytestmark = pytest.mark.django_db


def htmx(**more: str) -> dict[str, str]:
    """Return the headers that htmx sends."""
    return {"HX-Request": "true"} | {f"HX-{name}": value for name, value in more.items()}


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1].replace("&quot;", '"')


def form_of(client: Client, rma: Return, key: str) -> dict[str, str]:
    page = client.get(f"/returns/{rma.number}/do/{key}/").content.decode()
    names = set(re.findall(r'<input type="hidden" name="(\w+)"', page)) - {"csrfmiddlewaretoken"}
    return {name: hidden(page, name) for name in names}


def numbers(page: str) -> list[str]:
    return re.findall(r'class="row-link mono" href="/returns/(RMA-[\d-]+)/"', page)


def test_every_filter_narrows_the_list_to_what_it_says(agent: Client) -> None:
    waiting, arrived = world.requested(), world.received()
    canceled = world.requested()
    cancel_return(actor=world.SYSTEM, return_id=canceled.id, reason="changed mind")
    assert numbers(agent.get("/returns/").content.decode()) == [canceled.number, arrived.number, waiting.number]
    for query, expected in {
        "view=coming": [waiting.number],
        "view=inspect": [arrived.number],
        "status=canceled": [canceled.number],
        "logistics=received": [arrived.number],
        f"q={waiting.tracking}": [waiting.number],
        f"q={world.order_of(arrived).number}": [arrived.number],
        f"q={canceled.number.lower()}": [canceled.number],
        "region=FR": [],
        "since=2000-01-01&until=2000-01-02": [],
    }.items():
        assert numbers(agent.get(f"/returns/?{query}").content.decode()) == expected, query


def test_tabs_count_exactly_the_rows_they_open(agent: Client) -> None:
    world.requested()
    world.received()
    page = agent.get("/returns/").content.decode()
    tabs = re.findall(r'view=(\w+)"[^>]*>[^<]+<span class="count[^"]*">(\d+)</span>', page)
    assert len(tabs) >= 6
    for view, count in tabs:
        assert len(numbers(agent.get(f"/returns/?view={view}").content.decode())) == int(count), view


def test_pages_by_key_show_each_row_once(agent: Client) -> None:
    everything = [world.requested().number for _ in range(3)]
    from retailops.lib.keyset import keyset_page

    rows = Return.objects.filter(number__in=everything)
    first = keyset_page(rows, size=2)
    second = keyset_page(rows, after=first.older, size=2)
    back = keyset_page(rows, before=second.newer, size=2)
    assert [r.number for r in [*first.rows, *second.rows]] == everything[::-1]
    assert (first.newer, second.older) == ("", "")
    assert [r.number for r in back.rows] == [r.number for r in first.rows]
    assert back.newer == ""


def test_htmx_gets_the_list_alone_and_caches_keep_both_apart(agent: Client) -> None:
    rma = world.requested()
    page = agent.get("/returns/")
    fragment = agent.get("/returns/", headers=htmx(Target="returns"))
    boosted = agent.get("/returns/", headers=htmx(Boosted="true"))
    assert "<html" in page.content.decode()
    assert "<html" in boosted.content.decode()
    assert "<html" not in fragment.content.decode()
    assert numbers(fragment.content.decode()) == [rma.number]
    assert "HX-Request" in page["Vary"]


def test_export_holds_the_narrowed_rows_and_no_formula(agent: Client) -> None:
    kept = world.requested(tracking='=HYPERLINK("http://x")')
    world.received()
    answer = agent.get("/returns/export.csv?logistics=none")
    rows = list(csv.DictReader(io.StringIO(world.body_of(answer))))
    assert [row["number"] for row in rows] == [kept.number]
    assert rows[0]["tracking"] == '\'=HYPERLINK("http://x")'


def test_a_return_shows_its_parts(agent: Client) -> None:
    story = world.Story.told()
    page = agent.get(f"/returns/{story.rma.number}/").content.decode()
    for text in (
        story.rma.number,
        world.order_of(story.rma).number,
        "Merino jumper",
        "GB warehouse",
        story.case.title,
        "Stopped",
    ):
        assert text in page


def test_a_page_that_has_seen_the_return_as_it_is_gets_nothing_new(agent: Client) -> None:
    rma = world.requested()
    page = agent.get(f"/returns/{rma.number}/").content.decode()
    found = re.search(r"\?seen=(\w+)", page)
    assert found
    assert agent.get(f"/returns/{rma.number}/?seen={found[1]}").status_code == 204
    agent.post(
        f"/returns/{rma.number}/do/receive/", form_of(agent, rma, "receive") | {"line_1": "1", "location": "GB-WH"}
    )
    assert agent.get(f"/returns/{rma.number}/?seen={found[1]}").status_code == 200


def test_receiving_twice_by_the_same_form_is_one_receipt(agent: Client) -> None:
    rma = world.requested()
    form = form_of(agent, rma, "receive") | {"line_1": "1", "location": "GB-WH"}
    for _ in range(2):
        answer = agent.post(f"/returns/{rma.number}/do/receive/", form)
        assert (answer.status_code, answer["Location"]) == (303, f"/returns/{rma.number}/")
    assert Receipt.objects.filter(rma=rma).count() == 1
    assert rma.lines.get().received == 1


def test_receiving_nothing_is_refused_in_words(agent: Client) -> None:
    rma = world.requested()
    form = form_of(agent, rma, "receive") | {"line_1": "0", "location": "GB-WH"}
    answer = agent.post(f"/returns/{rma.number}/do/receive/", form)
    assert answer.status_code == 422
    assert "Give at least one unit." in answer.content.decode()
    assert not Receipt.objects.filter(rma=rma).exists()


def test_inspection_takes_a_verdict_for_each_unit(agent: Client) -> None:
    rma = world.received(quantity=2)
    verdicts = {
        "accept_1": "1", "accept_to_1": "sellable", "accept_as_1": "new",
        "reject_1": "1", "reject_to_1": "scrap", "reject_as_1": "damaged", "location": "GB-WH",
    }  # fmt: skip
    answer = agent.post(f"/returns/{rma.number}/do/inspect/", form_of(agent, rma, "inspect") | verdicts)
    assert answer.status_code == 303, answer.content.decode()
    parts = (
        Inspection.objects.get(rma=rma)
        .slices.order_by("disposition")
        .values_list("accepted", "disposition", "quantity")
    )
    assert list(parts) == [(False, "scrap", 1), (True, "sellable", 1)]


def test_more_verdicts_than_units_are_refused(agent: Client) -> None:
    rma = world.received(quantity=2)
    verdicts = {
        "accept_1": "2",
        "accept_to_1": "sellable",
        "reject_1": "1",
        "reject_to_1": "scrap",
        "location": "GB-WH",
    }
    answer = agent.post(f"/returns/{rma.number}/do/inspect/", form_of(agent, rma, "inspect") | verdicts)
    assert answer.status_code == 422
    assert "3 units judged, but only 2 wait." in answer.content.decode()
    assert not Inspection.objects.filter(rma=rma).exists()


def test_rejected_goods_are_not_offered_as_sellable(agent: Client) -> None:
    rma = world.received()
    page = agent.get(f"/returns/{rma.number}/do/inspect/").content.decode()
    rejected = page[page.index('name="reject_to_1"') :]
    assert 'value="sellable"' not in rejected[: rejected.index("</select>")]


def test_a_stale_form_gets_the_difference_and_changes_nothing(agent: Client) -> None:
    rma = world.requested()
    form = form_of(agent, rma, "cancel") | {"reason": "customer called"}
    world.arrive(rma)
    answer = agent.post(f"/returns/{rma.number}/do/cancel/", form)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Your change was not stored" in page
    assert re.search(r"Goods</th><td>None</td><td>Received</td>", page), page
    assert Return.objects.get(pk=rma.pk).status == ReturnStatus.AUTHORIZED


def test_what_cannot_be_done_now_is_disabled_with_its_reason(agent: Client) -> None:
    rma = world.requested()
    page = agent.get(f"/returns/{rma.number}/").content.decode()
    assert "Nothing that arrived waits for inspection." in page
    assert f'href="/returns/{rma.number}/do/inspect/"' not in page
    assert f'href="/returns/{rma.number}/do/receive/"' in page


def test_htmx_is_told_where_to_look_after_a_command(agent: Client) -> None:
    rma = world.requested()
    form = form_of(agent, rma, "receive") | {"line_1": "1", "location": "GB-WH"}
    answer = agent.post(f"/returns/{rma.number}/do/receive/", form, headers=htmx(Target="sheet-content"))
    assert answer.status_code == 200
    assert f'"path": "/returns/{rma.number}/"' in answer["HX-Location"]
    after = agent.get(f"/returns/{rma.number}/", headers=htmx(Target="main")).content.decode()
    assert "Receipt recorded." in after
    assert "<html" not in after


def asked_for_more(client: Client) -> Refund:
    """Return a refund above what policy permits, which waits for a second person."""
    world.stripe()
    rma = world.received()
    more = form_of(client, rma, "refund") | {"amount": "50.00", "reason": "torn seam"}
    answer = client.post(f"/returns/{rma.number}/do/refund/", more)
    assert answer.status_code == 303, answer.content.decode()
    refund = Refund.objects.get(rma=rma)
    assert (refund.status, refund.amount) == (RefundStatus.PENDING_APPROVAL, 5000)
    return refund


def test_who_asked_for_a_refund_does_not_approve_it() -> None:
    client = world.signed_in(world.person("ops_lead"))
    refund = asked_for_more(client)
    address = f"/returns/{refund.rma.number}/refunds/{refund.id}/approve/"
    page = client.get(address).content.decode()
    assert "You asked for this refund." in page
    assert "Approve…" not in client.get(f"/returns/{refund.rma.number}/").content.decode()
    assert client.post(address, {"reason": "fine"}).status_code == 403
    refund.refresh_from_db()
    assert refund.status == RefundStatus.PENDING_APPROVAL


def test_a_second_person_approves_a_refund_that_waits(agent: Client) -> None:
    refund = asked_for_more(agent)
    lead = world.signed_in(world.person("ops_lead"))
    assert refund.rma.number in lead.get("/approvals/").content.decode()
    answer = lead.post(f"/returns/{refund.rma.number}/refunds/{refund.id}/approve/", {"reason": "seen the photo"})
    assert answer.status_code == 303
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUBMITTING
    assert refund.rma.number not in lead.get("/approvals/").content.decode()


def test_a_second_person_refuses_a_refund_that_waits(agent: Client) -> None:
    refund = asked_for_more(agent)
    lead = world.signed_in(world.person("ops_lead"))
    assert lead.post(f"/returns/{refund.rma.number}/refunds/{refund.id}/deny/", {"reason": "worn"}).status_code == 303
    refund.refresh_from_db()
    assert refund.status == RefundStatus.DENIED


def test_another_amount_needs_a_reason(agent: Client) -> None:
    rma = world.received()
    answer = agent.post(f"/returns/{rma.number}/do/refund/", form_of(agent, rma, "refund") | {"amount": "50.00"})
    assert answer.status_code == 422
    assert "Say why it is not the amount that policy gives." in answer.content.decode()
    assert not Refund.objects.filter(rma=rma).exists()


def test_an_amount_finer_than_the_currency_is_refused(agent: Client) -> None:
    rma = world.received()
    form = form_of(agent, rma, "refund") | {"amount": "50.005", "reason": "x"}
    answer = agent.post(f"/returns/{rma.number}/do/refund/", form)
    assert answer.status_code == 422
    assert not Refund.objects.filter(rma=rma).exists()

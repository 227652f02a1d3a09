"""Every figure opens exactly the rows that it counts, within what the person may see."""

import re
from datetime import timedelta
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from reconciliation.services.matching_by_hand import undo_match
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.lib.clock import now
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards import rows as listing
from retailops.workbench.dashboards.boards import BOARDS
from retailops.workbench.dashboards.catalog import FIGURES
from retailops.workbench.dashboards.figures import Reading
from retailops.workbench.dashboards.reading import read, read_by, read_by_day
from retailops.workbench.dashboards.rows import rows_page
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.dashboards.times import rebuild
from returns.models import Return
from returns.services import refund_outcomes
from tests.dashboards import histories
from tests.factories import actor_with
from tests.workbench import world
from tests.workbench.settled_story import settled

pytestmark = pytest.mark.django_db
EVERYBODY = Actor.system("test")
LOOK = (Permission.DASHBOARDS_VIEW, Permission.DELIVERIES_VIEW, Permission.CASES_VIEW, Permission.ORDERS_VIEW)


def scope(actor: Actor = EVERYBODY, **query: str) -> Scope:
    return scope_of(actor, {"range": "30", **query})


def readings(actor: Actor = EVERYBODY, **query: str) -> dict[str, Reading]:
    return read(FIGURES.values(), scope(actor, **query))


def test_each_figure_counts_what_happened() -> None:
    histories.history()
    found = readings()
    counts = {key: one.count for key, one in found.items()}
    assert counts["refund_cycle"] == 3
    assert counts["erp_posting"] == 2
    assert counts["stock_sync"] == 5
    assert counts["went_out"] == 3
    assert counts["came_in"] == Return.objects.count()
    assert counts["open"] == Return.objects.count() - 3
    assert sum(counts[each.key] for each in c.AGES) == counts["open"]
    assert counts["age_14"] == 1
    assert sum(counts[each.key] for each in c.STANDING) == counts["open"]
    assert (counts["at_memo"], counts["at_settlement"], counts["at_refund"]) == (1, 2, 1)
    assert (counts["in_doubt"], counts["stopped"]) == (1, 1)
    assert (counts["first_attempt"], found["first_attempt"].whole) == (1, 4)
    assert counts["duplicates_stopped"] == 1
    assert (counts["to_resolve"], counts["exceptions"]) == (
        Case.objects.filter(status="resolved").count(),
        Case.objects.count(),
    )
    assert (counts["dead_in"], counts["dead_out"]) == (1, 0)
    # No ERP is connected here, so each credit memo has a case.
    assert (counts["untouched"], found["untouched"].whole) == (0, 3)
    assert (counts["completed"], found["completed"].whole) == (3, counts["came_in"])
    assert [(each.amount, each.currency) for each in found["in_doubt"].money] == [(4599, "GBP")]
    assert [(each.amount, each.currency) for each in found["refunded"].money] == [(3 * 4599, "GBP")]


NARROWED: tuple[dict[str, str], ...] = (
    {}, {"region": "GB"}, {"channel": "shopify-uk"}, {"brand": "south"}, {"connection": "stripe"},
)  # fmt: skip


def test_a_figure_opens_exactly_its_rows() -> None:
    histories.history()
    for figure, query in product(FIGURES.values(), NARROWED):
        asked = scope_of(EVERYBODY, {"range": "30", **query})
        told = read([figure], asked)[figure.key]
        page = rows_page(figure, asked, "")
        assert len(page.rows) == told.count, (figure.key, query)
        assert page.next_cursor == ""
        if told.percentiles:
            lengths = sorted(getattr(row, figure.measured) for row in page.rows)
            assert told.percentiles == tuple(lengths[max(0, -(-len(lengths) * n // 100) - 1)] for n in (50, 95, 99))
            assert [getattr(row, figure.measured) for row in page.rows] == lengths[::-1]


def test_a_group_and_a_day_count_the_rows_that_their_links_open() -> None:
    histories.history()
    for figures, column, name in (
        ((c.CYCLE, *c.STAGES), "channel", "channel"),
        ((c.STOPPED, c.IN_DOUBT, c.DUE), "destination__name", "connection"),
    ):
        for value, found in read_by(figures, scope(), column).items():
            for figure in figures:
                narrowed = figure.rows(scope(**{name: value}))
                assert found[figure.key].count == narrowed.count()
    for day, found in read_by_day((c.COMING_IN,), scope()).items():
        rows = c.COMING_IN.rows(scope(since=f"{day}", until=f"{day}"))
        assert found["came_in"].count == rows.count()


def test_pages_of_rows_follow_one_another_without_a_gap() -> None:
    for _ in range(7):
        world.requested()
    rebuild()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "PAGE", 3)
        seen, cursor, pages = [], "", 0
        while pages == 0 or cursor:
            page = rows_page(c.OPEN_NOW, scope(), cursor)
            seen += [row.pk for row in page.rows]
            cursor, pages = page.next_cursor, pages + 1
    assert pages == 3
    assert len(seen) == len(set(seen)) == 7


def test_figures_stay_within_regions_and_brands() -> None:
    histories.history()
    french = readings(actor_with(*LOOK, regions=["FR"]))
    assert (french["refund_cycle"].count, french["came_in"].count, french["stopped"].count) == (1, 1, 0)
    assert french["ingestion"].count == 1
    assert {one.count for one in readings(actor_with(*LOOK, brands=["south"])).values()} == {0}
    assert {one.count for one in readings(actor_with(Permission.RETURNS_VIEW)).values()} == {0}


def test_a_late_event_corrects_the_past() -> None:
    rma = histories.paid(world.inspected(world.received()))
    rebuild()
    assert readings()["refund_cycle"].count == 1
    refund_outcomes.reverse_refund(actor=world.SYSTEM, refund_id=rma.refunds.get().id, code="account_closed")
    rebuild()
    assert readings()["refund_cycle"].count == 0


def test_the_period_before_is_as_long_and_as_far_gone() -> None:
    asked = scope_of(EVERYBODY, {"compare": "1"})
    before = asked.previous()
    assert before.since == asked.since - timedelta(days=7)
    assert before.since < before.until <= now() - timedelta(days=7)
    for age in (0, 8, 9, 20):
        Return.objects.filter(pk=world.requested().pk).update(
            requested_at=before.until - timedelta(hours=1, days=age - 7)
        )
    rebuild()
    found = read([c.COMING_IN], asked)["came_in"]
    assert found.before is not None
    assert (found.count, found.before.count, found.change) == (1, 2, -50)


@pytest.fixture
def manager() -> Client:
    return world.signed_in(world.person("manager"))


def test_every_number_on_a_board_opens_that_many_rows(manager: Client) -> None:
    histories.history()
    links: set[str] = set()
    for key in BOARDS:
        page = manager.get(f"/dashboards/{key}/?range=30").content.decode()
        found = re.findall(r'href="(/dashboards/figures/[^"]+)"', page)
        assert found, key
        links |= {address.replace("&amp;", "&") for address in found}
    for address in links:
        told = manager.get(address).content.decode()
        total = re.search(r'data-total="(\d+)"', told)
        assert total is not None, address
        assert len(re.findall(r'class="row-link', told)) == int(total[1]), address
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        figure = FIGURES[urlsplit(address).path.split("/")[3]]
        assert int(total[1]) == figure.rows(scope_of(EVERYBODY, query)).count(), address


def test_the_rows_come_as_csv(manager: Client) -> None:
    histories.history()
    lines = world.body_of(manager.get("/dashboards/figures/refund_cycle/export/?range=30")).splitlines()
    assert lines[0].startswith("return,status,waits_for,channel")
    assert lines[0].endswith(",seconds")
    assert len(lines) == 4
    for key, figure in FIGURES.items():
        lines = world.body_of(manager.get(f"/dashboards/figures/{key}/export/?range=30")).splitlines()
        assert len(lines) == 1 + figure.rows(scope()).count(), key


def test_three_persons(manager: Client) -> None:
    histories.history()
    french = world.signed_in(world.person("manager", regions=["FR"]))
    nobody = world.signed_in(world.person())
    assert 'data-total="3"' in manager.get("/dashboards/figures/refund_cycle/").content.decode()
    assert 'data-total="1"' in french.get("/dashboards/figures/refund_cycle/").content.decode()
    for path in ("", "overview/", "figures/refund_cycle/", "figures/refund_cycle/export/"):
        assert nobody.get(f"/dashboards/{path}").status_code == 403
        assert Client().get(f"/dashboards/{path}").status_code == 302
    assert manager.get("/dashboards/figures/nothing/").status_code == 404
    assert manager.get("/dashboards/nothing/").status_code == 404
    assert manager.get("/dashboards/figures/open/?cursor=damaged").status_code == 400


def test_what_the_url_says_wrongly_is_left_out(manager: Client) -> None:
    answer = manager.get("/dashboards/overview/?range=99&since=yesterday&until=2026-13-01&channel=%00&region=")
    assert answer.status_code == 200


def test_lines_of_refunds_that_were_matched_to_the_cent() -> None:
    told = settled()
    figure = FIGURES["posting_accuracy"]
    found = readings()["posting_accuracy"]
    assert (found.count, found.whole) == (0, 0)  # September is not among these days
    asked = scope_of(EVERYBODY, {"since": "2026-09-01", "until": "2026-09-30"})
    found = read([figure], asked)["posting_accuracy"]
    assert (found.count, found.whole) == (1, 3)
    [row] = rows_page(figure, asked, "").rows
    assert row.pk in told.match.allocations.values_list("item_id", flat=True)
    undo_match(actor=EVERYBODY, match_id=told.match.pk, reason="another's")
    assert read([figure], asked)["posting_accuracy"].count == 0
    blind = scope_of(actor_with(*LOOK), {"since": "2026-09-01", "until": "2026-09-30"})
    assert read([figure], blind)["posting_accuracy"].whole == 0

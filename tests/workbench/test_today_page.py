"""The first page: every figure leads to exactly the rows that it counts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from returns.models import Return
from returns.services.decisions import cancel_return
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Client:
    return world.signed_in(world.person("ops_lead"))


def figures(page: str) -> dict[str, tuple[str, str]]:
    """Return value and address of each figure, by its label."""
    found = re.findall(
        r'<a class="figure[^"]*" href="([^"]+)"><span class="label">.*?</svg>([^<]+)</span>'
        r'<span class="value">([^<]+)<',
        page,
        re.S,
    )
    return {label: (value, address.replace("&amp;", "&")) for address, label, value in found}


def rows(client: Client, address: str) -> int:
    return len(re.findall(r'class="row-link', client.get(address).content.decode()))


def test_every_figure_opens_the_rows_that_it_counts(lead: Client) -> None:
    world.Story.told()
    shown = figures(lead.get("/").content.decode())
    assert {"Your cases", "Nobody's cases", "Your approval", "To decide", "In doubt", "Stopped"} <= set(shown)
    assert int(shown["Stopped"][0]) == 1
    for label, (value, address) in shown.items():
        if value.isdigit():
            assert rows(lead, address) == int(value), label


def test_returns_in_and_out_per_day(lead: Client) -> None:
    today = timezone.localdate()
    first, second, third = world.requested(), world.requested(), world.requested()
    Return.objects.filter(pk=first.pk).update(requested_at=timezone.now() - timedelta(days=2))
    Return.objects.filter(pk=second.pk).update(status="closed", closed_at=timezone.now())
    page = lead.get("/").content.decode()
    assert '<span class="strong">3</span> requested' in page
    assert '<span class="strong">1</span> closed' in page
    assert '<span class="strong">+2</span> net' in page
    before = today - timedelta(days=2)
    for query, expected in {
        f"since={today}&until={today}": {second.number, third.number},
        f"since={before}&until={before}": {first.number},
        f"closed_on={today}": {second.number},
    }.items():
        assert query.replace("&", "&amp;") in page
        listed = lead.get(f"/returns/?{query}").content.decode()
        assert set(re.findall(r"/returns/(RMA-[\d-]+)/", listed)) == expected


def test_the_oldest_open_return_is_named(lead: Client) -> None:
    old, newer = world.requested(), world.requested()
    gone = world.requested()
    cancel_return(actor=world.SYSTEM, return_id=gone.id, reason="x")
    Return.objects.filter(pk=newer.pk).update(requested_at=timezone.now() - timedelta(days=5))
    Return.objects.filter(pk=gone.pk).update(requested_at=timezone.now() - timedelta(days=50))
    value, address = figures(lead.get("/").content.decode())["Oldest open"]
    assert (value, address) == ("5 d", f"/returns/{newer.number}/")
    assert old.number not in address


def test_who_has_no_role_is_told_so_without_figures() -> None:
    world.Story.told()
    page = world.signed_in(world.person()).get("/").content.decode()
    assert figures(page) == {}
    assert "No role yet" in page

"""What finance sees and does on the pages of reconciliation, without JavaScript."""

import io

import pytest
from django.urls import reverse

from reconciliation.models import Discrepancy, ImportFile, Match
from tests.reconciliation.files import STRIPE, csv_of, stripe_row
from tests.workbench import world
from tests.workbench.counting import counts
from tests.workbench.settled_story import settled

pytestmark = pytest.mark.django_db


def test_finance_sees_what_matches_and_what_it_costs() -> None:
    told = settled()
    client = world.signed_in(world.person("finance_approver"))
    page = client.get(reverse("settlements:overview")).content.decode()
    assert "Nobody here expected it" in page
    assert told.file.name in page
    listed = client.get("/discrepancies/", {"type": "orphan_line"}).content.decode()
    assert listed.count("row-link") == 2
    one = client.get(reverse("discrepancies:detail", args=[told.discrepancy.pk])).content.decode()
    assert "7.50" in one
    assert "Take their value" not in one
    lines = client.get(reverse("settlements:file", args=[told.file.pk])).content.decode()
    for text in ("Matched", "Differs", "Type without a meaning"):
        assert text in lines
    few = client.get(reverse("settlements:file", args=[told.file.pk]), {"fate": "unmapped"}).content.decode()
    assert few.count('data-label="State"') == 1


def test_a_file_is_taken_in_by_form_and_what_is_wrong_is_told_in_it() -> None:
    client = world.signed_in(world.person("finance_approver"))
    address = reverse("settlements:upload")
    before = counts()
    wrong = csv_of(STRIPE, [stripe_row("t1", "-10.00", net="-9.00")])
    refused = client.post(address, {"format": "stripe", "file": _file(wrong), "time_zone": "UTC"})
    assert refused.status_code == 422
    assert "Line 2: net is said to be -9.00 GBP" in refused.content.decode()
    assert client.post(address, {"format": "stripe"}).status_code == 422
    assert counts() == before
    good = csv_of(STRIPE, [stripe_row("t1", "-10.00")])
    taken = client.post(address, {"format": "stripe", "file": _file(good), "time_zone": "UTC"})
    file = ImportFile.objects.get()
    assert (taken.status_code, taken["Location"]) == (303, reverse("settlements:file", args=[file.pk]))
    client.post(address, {"format": "stripe", "file": _file(good), "time_zone": "UTC"})
    assert ImportFile.objects.count() == 1


def _file(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "payouts.csv"
    return file


def test_a_line_is_matched_by_hand_and_taken_apart() -> None:
    told = settled()
    client = world.signed_in(world.person("finance_approver"))
    address = reverse("settlements:item", args=[told.line.pk])
    page = client.get(address).content.decode()
    ask = reverse("settlements:match", args=[told.line.pk, told.wanted.pk])
    assert ask in page
    assert client.post(ask, {"reason": ""}).status_code == 422
    assert client.post(ask, {"reason": "told on the phone"}).status_code == 303
    match = Match.objects.get(stage="hand")
    page = client.get(address).content.decode()
    assert "told on the phone" in page
    assert ask not in page
    assert Discrepancy.objects.get(item=told.line).resolution == "matched"
    again = client.post(ask, {"reason": "again"})
    assert again.status_code == 422
    assert "matched already" in again.content.decode()
    assert client.post(reverse("settlements:undo", args=[match.pk]), {"reason": "another's"}).status_code == 303
    assert "Taken apart" in client.get(address).content.decode()


def test_who_only_reads_is_offered_nothing() -> None:
    told = settled()
    client = world.signed_in(world.person("auditor"))
    page = client.get(reverse("settlements:item", args=[told.line.pk])).content.decode()
    assert "What could belong to it" in page
    assert "Match…" not in page
    assert "Take a file in" not in client.get(reverse("settlements:overview")).content.decode()
    before = counts()
    for address in (
        reverse("settlements:match", args=[told.line.pk, told.wanted.pk]),
        reverse("settlements:undo", args=[told.match.pk]),
        reverse("settlements:upload"),
    ):
        assert client.post(address, {"reason": "x"}).status_code == 403
    assert counts() == before
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.get(reverse("settlements:overview")).status_code == 403

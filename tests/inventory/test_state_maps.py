"""State maps: new meanings count at once, changed ones by a second person's word; a preview of what would differ."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from inventory.inputs import SnapshotIn, StateMapIn, read
from inventory.models import Location, SnapshotDifference, StateMap, StateMapChange
from inventory.services import put_state_map, take_snapshot
from inventory.services.comparing import compare_snapshot
from inventory.services.map_preview import preview_state_map
from inventory.services.state_maps import waiting_change
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Approval
from retailops.cases.services import approve, refuse
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid
from tests.factories import SYSTEM, actor_with, unique
from tests.inventory.test_by_hand import breaches, place, stock
from tests.workbench import world

pytestmark = pytest.mark.django_db
OTHER = Actor.system("second")
FIRST = {"AVAIL": "sellable", "HOLD": "quarantine"}
MOVED = {"AVAIL": "quarantine", "HOLD": "quarantine"}


def put(states: dict[str, Any], actor: Actor = SYSTEM, **more: Any) -> StateMap:
    return put_state_map(actor=actor, source="wms", told=read(StateMapIn, {"states": states}), **more)


def counted(here: Location, *rows: tuple[str, str, int]) -> None:
    told = {
        "source": "wms", "reference": unique("count-"), "location": here.code,
        "as_of": (now() + timedelta(seconds=1)).isoformat(),
        "rows": [{"sku": sku, "state": state, "quantity": units} for sku, state, units in rows],
    }  # fmt: skip
    compare_snapshot(take_snapshot(actor=SYSTEM, snapshot=read(SnapshotIn, told)).id)


@pytest.fixture
def asked() -> StateMapChange:
    """A change of a meaning that waits."""
    put(FIRST)
    put(MOVED, reason="AVAIL is not yet checked there")
    return StateMapChange.objects.get()


def word(asked: StateMapChange) -> Approval:
    return Approval.objects.get(subject_id=asked.id)


def test_new_meanings_count_at_once() -> None:
    assert put(FIRST).version == 1
    assert put(FIRST | {"DMG": "damaged", "BOX": None}).version == 2
    assert put(FIRST | {"DMG": "damaged", "BOX": None}).version == 2
    assert StateMap.objects.get(version=2).states == {
        "AVAIL": "sellable",
        "BOX": "",
        "DMG": "damaged",
        "HOLD": "quarantine",
    }
    told = Event.objects.filter(type="inventory.state_map_changed").order_by("position")
    assert [each.data["states"] for each in told] == [["AVAIL", "HOLD"], ["BOX", "DMG"]]
    assert not Approval.objects.exists()


def test_a_meaning_that_changes_waits_for_a_second_person(asked: StateMapChange) -> None:
    assert (asked.based_on, StateMap.objects.count()) == (1, 1)
    assert put(MOVED, reason="the same again").version == 1
    assert StateMapChange.objects.count() == 1
    with pytest.raises(Conflict) as refused, transaction.atomic():
        put({"AVAIL": "scrap", "HOLD": "quarantine"}, reason="another")
    assert refused.value.code == "change-waiting"
    with pytest.raises(Denied), transaction.atomic():
        approve(SYSTEM, word(asked).id, "mine is right")
    assert StateMap.objects.count() == 1
    approve(OTHER, word(asked).id, "checked with the warehouse")
    asked.refresh_from_db()
    made = StateMap.objects.get(version=2)
    assert (asked.status, asked.made, made.states, made.made_by) == ("applied", made, MOVED, SYSTEM.key)
    assert waiting_change("wms") is None


def test_a_meaning_that_goes_waits_too() -> None:
    put(FIRST)
    put({"AVAIL": "sellable"}, reason="HOLD is not told any more")
    assert (StateMap.objects.count(), StateMapChange.objects.count()) == (1, 1)


def test_refused_it_changes_nothing(asked: StateMapChange) -> None:
    refuse(OTHER, word(asked).id, "no")
    asked.refresh_from_db()
    assert (asked.status, StateMap.objects.count()) == ("refused", 1)
    put(MOVED, reason="asked anew")
    assert StateMapChange.objects.filter(status="waiting").count() == 1


def test_on_another_version_the_word_cannot_be_given(asked: StateMapChange) -> None:
    put(FIRST | {"DMG": "damaged"})
    with pytest.raises(Conflict) as refused, transaction.atomic():
        approve(OTHER, word(asked).id, "yes")
    assert refused.value.code == "stale"
    assert (word(asked).status, StateMap.objects.count()) == ("requested", 2)


def test_who_saw_another_version_is_told() -> None:
    put(FIRST)
    with pytest.raises(Conflict) as refused:
        put(FIRST | {"DMG": "damaged"}, based_on=0)
    assert (refused.value.code, StateMap.objects.count()) == ("stale", 1)


def test_a_change_needs_its_reason_and_who_manages_stock_everywhere() -> None:
    put(FIRST)
    with pytest.raises(Invalid):
        put(MOVED)
    rights = (P.INVENTORY_MANAGE, P.INVENTORY_VIEW)
    for actor in (actor_with(*rights, regions=["uk"]), actor_with(P.INVENTORY_VIEW), actor_with()):
        with pytest.raises(Denied):
            put(FIRST | {"DMG": "damaged"}, actor=actor)
    assert (StateMap.objects.count(), StateMapChange.objects.count()) == (1, 0)
    assert put(FIRST | {"DMG": "damaged"}, actor=actor_with(*rights)).version == 2


def test_a_preview_compares_the_last_counts_both_ways_and_keeps_nothing() -> None:
    here = place()
    stock(here, quantity=5)
    stock(here, "quarantine", 2, sku="OTHER")
    put(FIRST)
    counted(here, ("SKU", "AVAIL", 5), ("OTHER", "HOLD", 2))
    kept = SnapshotDifference.objects.count()
    [preview] = preview_state_map(SYSTEM, "wms", MOVED)
    assert (preview.before, preview.after, preview.changing) == (0, 1, 1)
    # No state means sellable any more, so nothing of that is compared.
    assert [(row.sku, row.disposition, row.before, row.after) for row in preview.rows] == [("SKU", "quarantine", 0, 5)]
    [same] = preview_state_map(SYSTEM, "wms", FIRST)
    assert (same.before, same.after, same.rows) == (0, 0, [])
    assert SnapshotDifference.objects.count() == kept
    assert breaches() == []


def page(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, address
    return " ".join(world.body_of(answer).split())


def form(version: int, *rows: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Return what the page of a change sends."""
    sent: dict[str, Any] = {"based_on": version, "s-TOTAL_FORMS": len(rows), "s-INITIAL_FORMS": 0, "reason": ""} | more
    for number, (state, meaning) in enumerate(rows):
        sent |= {f"s-{number}-state": state, f"s-{number}-meaning": meaning}
    return sent


def test_a_map_is_changed_on_its_page_after_a_look() -> None:
    lead = world.signed_in(world.person("ops_lead"))
    here = place(region="GB", name="North hall")
    stock(here, quantity=5)
    assert lead.get("/stock/maps/", {"source": "WMS"})["Location"] == "/stock/maps/wms/change/"
    address = "/stock/maps/wms/change/"
    first = form(0, ("AVAIL", "sellable"), ("BOX", "-"), ("", ""))
    assert "Bring into force" in world.body_of(lead.post(address, first | {"step": "preview"}))
    assert not StateMap.objects.exists()
    assert lead.post(address, first | {"step": "ask"}).status_code == 303
    assert StateMap.objects.get().states == {"AVAIL": "sellable", "BOX": ""}
    counted(here, ("SKU", "AVAIL", 5))
    change = form(1, ("AVAIL", "quarantine"), ("BOX", "-"))
    shown = world.body_of(lead.post(address, change | {"step": "preview"}))
    for words in ("Ask a second person", "North hall", "<strong>1 would</strong>"):
        assert words in shown
    assert lead.post(address, change | {"step": "ask"}).status_code == 422  # no reason given
    assert not StateMapChange.objects.exists()
    assert lead.post(address, change | {"step": "ask", "reason": "not yet checked"}).status_code == 303
    row = StateMapChange.objects.get()
    assert "Waits for a second person" in page(lead, "/stock/maps/wms/")
    second = world.signed_in(world.person("ops_lead"))
    assert "Meanings of stock states" in page(second, "/approvals/")
    assert lead.post(f"/stock/maps/changes/{row.id}/approve/", {"reason": "mine"}).status_code in (403, 422)
    assert StateMap.objects.count() == 1
    assert second.post(f"/stock/maps/changes/{row.id}/approve/", {"reason": "checked"}).status_code == 303
    assert StateMap.objects.get(version=2).states == {"AVAIL": "quarantine", "BOX": ""}
    assert "Version 2" in page(second, "/stock/maps/wms/")

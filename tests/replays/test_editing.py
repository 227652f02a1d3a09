"""Another message for a stopped delivery, and another place in its lane: asked by one, agreed to by another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from retailops.accounts.actor import Actor
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services import approve
from retailops.events.catalog import EventType, registry
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Event
from retailops.events.sending import drain
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.replays.messages import changes_of
from retailops.replays.models import MessageEdit
from retailops.replays.services import ask_edit, edit_approved, lane_approved, move_lane_on
from tests.events.factories import FakeTransport, fresh, make_delivery, make_destination, make_event
from tests.replays import world
from tests.workbench.world import person

pytestmark = pytest.mark.django_db
MESSAGE = {
    "refund_id": "r-1",
    "amount": 4599,
    "currency": "GBP",
    "note": "Gret coat",
    "lines": [{"text": "a", "no": 1}],
}


@dataclass(frozen=True)
class Line:
    text: str
    no: int


@dataclass(frozen=True)
class Told:
    refund_id: str
    amount: int
    currency: str
    note: str
    lines: list[Line]


@pytest.fixture(autouse=True)
def _declared() -> Iterator[None]:
    registry.types["test.told", 1] = EventType("test.told", 1, Told)
    yield
    del registry.types["test.told", 1]


@pytest.fixture
def agent() -> Actor:
    return world.agent()


@pytest.fixture
def unfit() -> Delivery:
    event = make_event(type="test.told", region="GB", brand="north", data=MESSAGE)
    return world.stopped(event=event, failure_class="contract", amount=4599, currency="GBP")


def corrected(**changes: Any) -> dict[str, Any]:
    return {**MESSAGE, "note": "Great coat", **changes}


def test_a_text_is_corrected_with_a_second_persons_word_and_sent_once(
    agent: Actor, unfit: Delivery, transport: FakeTransport
) -> None:
    edit = ask_edit(agent, unfit.id, corrected(), unfit.fence, "the coat has a typing error")
    assert fresh(unfit).payload is None
    asked = Approval.objects.get(kind="message_edit")
    assert (asked.asked["fields"], asked.amount, edit.approval_id) == (["/note"], 4599, asked.id)
    lead = person("ops_lead").actor()
    approve(lead, asked.id, "seen it")
    edit_approved(asked.id)
    drain(unfit.destination_id)
    assert [claimed.message["note"] for claimed in transport.sent] == ["Great coat"]
    assert fresh(unfit).status == DeliveryStatus.DELIVERED
    edit.refresh_from_db()
    told = Event.objects.get(type="delivery.edited")
    assert (told.causation_id, told.actor) == (unfit.event_id, agent.key)
    assert (told.data["fields"], told.data["approved_by"]) == (["/note"], lead.key)
    assert (edit.event_id, edit.approved_by, edit.before, edit.after) == (told.id, lead.key, MESSAGE, corrected())
    assert Event.objects.get(pk=unfit.event_id).data == MESSAGE
    with pytest.raises(Conflict):
        edit_approved(asked.id)
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": 1}, "/amount"),
        ({"currency": "EUR"}, "/currency"),
        ({"refund_id": "r-2"}, "/refund_id"),
        ({"lines": [{"text": "a", "no": 2}]}, "/lines/0/no"),
        ({"lines": []}, "/lines"),
        ({"more": "x"}, "/more"),
        ({"note": 5}, "/note"),
        ({"note": None}, "/note"),
    ],
)
def test_what_is_locked_or_does_not_fit_is_refused(
    agent: Actor, unfit: Delivery, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ask_edit(agent, unfit.id, corrected(**changes), unfit.fence, "x")
    assert [fault.pointer for fault in refused.value.errors] == [pointer]
    assert not MessageEdit.objects.exists()
    assert not Approval.objects.exists()


def test_a_delivery_that_changed_is_not_changed_by_an_old_word(
    agent: Actor, unfit: Delivery, transport: FakeTransport
) -> None:
    edit = ask_edit(agent, unfit.id, corrected(), unfit.fence, "x")
    approve(person("ops_lead").actor(), edit.approval_id, "yes")  # type: ignore[arg-type]  # it was asked
    Delivery.objects.filter(pk=unfit.pk).update(fence=unfit.fence + 1)
    with pytest.raises(Conflict):
        edit_approved(edit.approval_id)  # type: ignore[arg-type]  # it was asked
    assert (fresh(unfit).payload, transport.sent) == (None, [])
    assert Approval.objects.get().status == ApprovalStatus.APPROVED
    with pytest.raises(Conflict):
        ask_edit(agent, unfit.id, corrected(), unfit.fence, "stale")


def test_others_do_not_edit(unfit: Delivery) -> None:
    for actor, error in ((world.agent(regions=["FR"]), NotFound), (person("auditor").actor(), Denied)):
        with pytest.raises(error):
            ask_edit(actor, unfit.id, corrected(), unfit.fence, "x")
        with pytest.raises(error):
            move_lane_on(actor, unfit.id, unfit.fence, "x")
    for given in ({"reason": " "}, {"message": MESSAGE}):
        with pytest.raises(Invalid):
            ask_edit(world.agent(), unfit.id, given.get("message", corrected()), unfit.fence, given.get("reason", "x"))  # type: ignore[arg-type]
    assert not MessageEdit.objects.exists()


def test_changes_name_each_place() -> None:
    found = changes_of({"a": {"b": ["x", "y"]}, "c/d": "e"}, {"a": {"b": ["x", "z"]}, "c/d": "f"})
    assert [(change.pointer, change.before, change.after) for change in found] == [
        ("/a/b/1", "y", "z"),
        ("/c~1d", "e", "f"),
    ]


def lane(**last: Any) -> list[Delivery]:
    """Return a stopped delivery and two that wait behind it."""
    destination = make_destination()
    event = make_event(region="GB", brand="north")
    head = world.stopped(destination, lane="lane", operation="first.do", event=event)
    behind = make_delivery(destination, lane="lane", operation="second.do")
    return [head, behind, make_delivery(destination, lane="lane", **{"operation": "third.do", **last})]


def test_what_waits_behind_passes_in_its_order(agent: Actor, transport: FakeTransport) -> None:
    head, second, third = lane()
    moved = move_lane_on(agent, head.id, head.fence, "they do not build on it")
    assert isinstance(moved, Delivery)
    assert fresh(head).lane_seq > third.lane_seq
    drain(head.destination_id)
    assert transport.sent_keys() == [second.effect_key, third.effect_key]
    assert fresh(head).status == DeliveryStatus.DEAD
    told = Event.objects.get(type="delivery.resequenced")
    assert (told.data["passed"], told.remark.text) == (2, "they do not build on it")


def test_money_in_the_lane_needs_a_second_person(agent: Actor, transport: FakeTransport) -> None:
    head, second, _ = lane(amount=100, currency="GBP")
    asked = move_lane_on(agent, head.id, head.fence, "they do not build on it")
    assert isinstance(asked, Approval)
    drain(head.destination_id)
    assert (transport.sent, fresh(head).lane_seq) == ([], head.lane_seq)
    with pytest.raises(Conflict):
        lane_approved(asked.id)
    lead = person("ops_lead").actor()
    approve(lead, asked.id, "right")
    lane_approved(asked.id)
    drain(head.destination_id)
    assert transport.sent_keys()[0] == second.effect_key
    assert Event.objects.get(type="delivery.resequenced").data["approved_by"] == lead.key


def test_it_is_refused_where_it_is_not_safe(agent: Actor) -> None:
    head, second, _ = lane()
    Delivery.objects.filter(pk=second.pk).update(operation=head.operation)
    with pytest.raises(Conflict, match="would undo it"):
        move_lane_on(agent, head.id, head.fence, "x")
    alone = world.stopped()
    with pytest.raises(Conflict, match="Nothing waits"):
        move_lane_on(agent, alone.id, alone.fence, "x")
    passing = world.stopped(make_destination(dead_blocks_lane=False))
    with pytest.raises(Conflict, match="by itself"):
        move_lane_on(agent, passing.id, passing.fence, "x")
    with pytest.raises(Conflict):
        move_lane_on(agent, head.id, head.fence + 1, "x")
    with pytest.raises(Invalid):
        move_lane_on(agent, head.id, head.fence, " ")
    assert fresh(head).lane_seq == head.lane_seq

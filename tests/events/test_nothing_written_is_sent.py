"""No event has what people wrote in it: it stands beside, as a remark, and no webhook or feed carries it."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from connectors import services as connections
from connectors.webhooks_out import services as endpoints
from inventory.inputs import AdjustmentIn, ReleaseIn, StateMapIn, read
from inventory.models import Lot, StockDrift
from inventory.services import (
    adjust_stock,
    ask_recount,
    cancel_transfer,
    date_lot,
    put_state_map,
    release_quarantined,
    release_reservation,
)
from retailops.cases import services as cases
from retailops.cases.inputs import IgnoreIn
from retailops.events import destinations
from retailops.events.cloudevents import as_document
from retailops.events.models import Event, Remark
from retailops.events.replay import discard, replay
from retailops.lib.clock import now
from retailops.people.inputs import ClientIn, Scope
from retailops.people.services import clients, granting, inviting, requiring, standing
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkOperation
from retailops.replays.services import cancel_operation, plan_replay
from retailops.sla import services as promises
from returns.inputs import read as read_claim
from returns.inputs.claims import ClaimIn
from returns.services import claim_answers, claim_closing, claim_sending
from returns.services.claim_drafting import draft_claim
from returns.services.policy_drafts import draft_policy, edit_draft, refuse_policy, submit_policy
from returns.services.policy_force import retire_policy
from tests.cases.making import opened, worker
from tests.factories import SYSTEM, ensure_policy, make_user, unique
from tests.inventory.test_by_hand import place, shift, stock
from tests.inventory.test_reserving import held
from tests.inventory.test_snapshots import counted
from tests.inventory.test_transfers import send
from tests.replays import world
from tests.returns.claiming import disposed, make_supplier
from tests.returns.test_policy_life import content
from tests.sla.promising import promise

pytestmark = pytest.mark.django_db
WRITTEN = "Zebulon Quick called from 01632 960001"


def written() -> list[str]:
    """Return the types of the events beside which it stands, and prove that no event has it, or a reason at all."""
    events = list(Event.objects.order_by("position"))
    documents = [json.dumps(as_document(event)) for event in events]
    assert not [document for document in documents if "Zebulon" in document]
    assert not [event.type for event in events if " " in event.reason_code + str(event.data.get("reason") or "")]
    beside = set(Remark.objects.filter(text=WRITTEN).values_list("event_id", flat=True))
    return [event.type for event in events if event.id in beside]


def test_cases_and_their_causes() -> None:
    case, person = opened(), worker(manages=True)
    cases.snooze_case(person, case.id, now() + timedelta(hours=1), WRITTEN)
    cases.wake_case(person, case.id, WRITTEN)
    cases.escalate_case(person, case.id, WRITTEN)
    cases.resolve_case(person, case.id, WRITTEN, {"reference": "OPS-1"})
    cases.reopen_case(person, case.id, WRITTEN)
    cases.acknowledge_group(person, case.group_id, WRITTEN)
    cases.ignore_group(person, case.group_id, IgnoreIn(count=3), WRITTEN)
    cases.take_up_group(person, case.group_id, WRITTEN)
    cases.resolve_group(person, case.group_id, WRITTEN, {"reference": "OPS-1"})
    found = written()
    assert found[:6] == [
        "case.snoozed", "case.woken", "case.escalated", "case.resolved", "case_group.resolved", "case.reopened",
    ]  # fmt: skip
    assert {"case_group.acknowledged", "case_group.ignored", "case_group.taken_up"} <= set(found)


def test_deliveries_and_what_is_done_to_many() -> None:
    agent = world.agent()
    first, second, third = world.stopped(), world.stopped(), world.stopped()
    replay(agent, first.id, WRITTEN)
    discard(make_user("administrator").actor(), second.id, WRITTEN)
    made = plan_replay(agent, Selection(ids=[third.id]), WRITTEN)
    cancel_operation(agent, made.id, WRITTEN)
    assert BulkOperation.objects.get().ended_reason == WRITTEN
    assert written() == [
        "delivery.replayed", "delivery.discarded", "bulk_operation.requested", "bulk_operation.canceled",
    ]  # fmt: skip


def test_connections_and_endpoints(settings: Any) -> None:
    settings.ALLOW_PRIVATE_DESTINATIONS = True
    admin = make_user("administrator").actor()
    config = {"base_url": "https://shop.example", "region": "UK"}
    shop = connections.create_connection(
        actor=admin, vendor="shopify", name="shop", label="Shop", config=config,
        secrets={"access_token": "shpat_x", "webhook_secret": "s"},
    )  # fmt: skip
    other = config | {"brand": "acme"}
    connections.configure_connection(actor=admin, connection_id=shop.id, config=other, reason=WRITTEN)
    connections.restore_version(actor=admin, connection_id=shop.id, number=1, reason=WRITTEN)
    connections.pause_connection(actor=admin, connection_id=shop.id, reason=WRITTEN)
    connections.resume_connection(actor=admin, connection_id=shop.id, reason=WRITTEN)
    until = now() + timedelta(hours=1)
    connections.mute_connection(actor=admin, connection_id=shop.id, until=until, reason=WRITTEN)
    destinations.pause(actor=admin, destination_id=shop.destination_id, reason=WRITTEN)
    destinations.resume(actor=admin, destination_id=shop.destination_id, reason=WRITTEN)
    connections.retire_connection(actor=admin, connection_id=shop.id, reason=WRITTEN)
    made = endpoints.create_endpoint(actor=admin, url="https://hooks.example/in", types=["return.*"]).endpoint
    endpoints.disable_endpoint(actor=admin, endpoint_id=made.id, reason=WRITTEN)
    endpoints.retire_endpoint(actor=admin, endpoint_id=made.id, reason=WRITTEN)
    made.refresh_from_db()
    assert made.disabled_reason == WRITTEN
    assert written() == [
        "connection.changed", "connection.changed", "connection.paused", "connection.resumed", "connection.muted",
        "connection.paused", "connection.resumed", "connection.changed", "webhook_endpoint.changed",
        "webhook_endpoint.changed",
    ]  # fmt: skip


def test_people_their_access_and_api_clients() -> None:
    admin = make_user("administrator").actor()
    person = inviting.invite_person(admin, email="n@shop.example", name="N", reason=WRITTEN, role="ops_agent")
    inviting.invite_again(admin, person.id, WRITTEN)
    granting.revoke_role(admin, person.id, person.grants.get().pk, WRITTEN)
    standing.deactivate_person(admin, person.id, WRITTEN)
    standing.reactivate_person(admin, person.id, WRITTEN)
    requiring.require_second_factor(admin, ["auditor"], WRITTEN)
    scope = Scope(["*"], ["*"])
    client = clients.create_client(admin, ClientIn("till", ["returns:read"], scope), WRITTEN).client
    clients.change_client(admin, client.id, ClientIn("till", ["returns:read"], scope, requests_per_minute=60), WRITTEN)
    clients.rotate_client(admin, client.id, overlap=timedelta(hours=1), reason=WRITTEN)
    clients.revoke_client(admin, client.id, WRITTEN)
    assert set(written()) == {
        "person.invited", "role.granted", "person.invited_again", "role.revoked", "person.deactivated",
        "person.reactivated", "second_factor.required", "api_client.created", "api_client.changed",
        "api_client.rotated", "api_client.revoked",
    }  # fmt: skip


def test_claims() -> None:
    _, part = disposed(2, "return_to_vendor")
    make_supplier(part.line.sku)
    told = {"lines": [{"slice_id": part.id}], "reason": WRITTEN}
    claim = draft_claim(actor=SYSTEM, claim=read_claim(ClaimIn, told))
    claim_sending.send_claim(actor=SYSTEM, claim_id=claim.id)
    claim_answers.refuse_claim(actor=SYSTEM, claim_id=claim.id, reason=WRITTEN)
    claim_closing.close_claim(actor=SYSTEM, claim_id=claim.id, reason=WRITTEN)
    found = written()
    assert {"claim.drafted", "claim.refused", "claim.closed"} <= set(found)


def test_policies_and_promises() -> None:
    ensure_policy()
    author, checker = make_user("manager").actor(), make_user("administrator").actor()
    draft = draft_policy(actor=author, name="standard")
    edit_draft(actor=author, policy_id=draft.id, draft=content())
    submit_policy(actor=author, policy_id=draft.id, reason=WRITTEN)
    refuse_policy(actor=checker, policy_id=draft.id, reason=WRITTEN)
    retire_policy(actor=author, policy_id=draft.id, reason=WRITTEN)
    given_up = promises.draft_policy(actor=SYSTEM, based_on=promise().id)
    promises.discard_draft(actor=SYSTEM, policy_id=given_up.id, reason=WRITTEN)
    assert written() == ["policy.submitted", "policy.sent_back", "policy.retired", "sla.policy_retired"]


def test_stock() -> None:
    here, there = place(region="uk"), place(region="uk")
    stock(here, quantity=20, lot="L1", lot_expires_on=date(2030, 1, 31))
    date_lot(actor=SYSTEM, lot_id=Lot.objects.get().id, expires_on=date(2031, 1, 31), reason=WRITTEN)
    release_reservation(actor=SYSTEM, reservation_id=held(here.code, "SKU", 1).id, reason=WRITTEN)
    shift(here, "sellable", "quarantine", quantity=2, reason=WRITTEN)
    quarantined = Event.objects.get(type="inventory.moved", data__target="quarantine").data["move_id"]
    release = {"reference": unique("r-"), "target": "sellable", "reason": WRITTEN}
    release_quarantined(actor=SYSTEM, move_id=quarantined, release=read(ReleaseIn, release))
    found = {
        "reference": unique("count-"), "sku": "SKU", "location": here.code, "disposition": "sellable", "change": 1,
        "reason": WRITTEN,
    }  # fmt: skip
    adjust_stock(actor=SYSTEM, adjustment=read(AdjustmentIn, found))
    sent = send(here, there, {"sku": "SKU", "quantity": 1}, reason=WRITTEN)
    cancel_transfer(actor=SYSTEM, transfer_id=sent.id, reason=WRITTEN)
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": {"AVAIL": "sellable"}}), reason=WRITTEN)
    for _ in range(2):
        counted(here, ("SKU", "AVAIL", 3))
    drift = StockDrift.objects.filter(status="raised").first()
    assert drift is not None
    ask_recount(actor=SYSTEM, drift_id=drift.id, reason=WRITTEN)
    assert set(written()) >= {
        "inventory.lot_dated", "inventory.reservation_released", "inventory.moved", "inventory.transfer_sent",
        "inventory.transfer_canceled", "inventory.state_map_changed", "inventory.recount_asked",
    }  # fmt: skip

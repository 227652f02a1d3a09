"""Notices and placements through the engine to the sandbox: told once, whatever goes wrong on the way."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from connectors.models import Connection
from connectors.services import configure_connection
from connectors.services.probing import probe_connection
from connectors.wms import mapping
from connectors.wms.config import WmsMapping
from retailops.events.models import Attempt, Delivery, Destination, Effect
from retailops.lib.errors import Invalid
from retailops.lib.ids import uuid7
from returns.events import LineKept, LineRemainingCanceled, LineShort
from returns.events.returns import LineFact
from tests.connectors.owed import ADMIN, sent, tries
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.wms.test_mapping import errors

pytestmark = pytest.mark.usefixtures("domain_looks_away")
Announce = Callable[..., Delivery]
LOST = {"kind": "lost_answer", "times": 1}


def test_the_warehouse_is_told_what_to_expect(sandbox: SandboxServer, announced: Announce) -> None:
    rma = uuid7()
    delivery = sent(announced(rma))
    [notice] = sandbox.books("wms")["notices"]
    assert (notice["reference"], notice["rma_number"], notice["order_number"]) == (
        f"notice:{rma}",
        "RMA-2026-000007",
        "#1001",
    )
    assert [(line["line_ref"], line["sku"], line["quantity"]) for line in notice["lines"]] == [
        ("1", "TEE", 2),
        ("2", "CAP", 1),
    ]
    assert errors("Notice", notice) == []
    assert (delivery.status, delivery.external_reference) == ("delivered", notice["id"])
    effect = Effect.objects.get(kind="inbound_notice", business_key=f"notice:{rma}")
    assert (effect.status, effect.external_reference) == ("confirmed", notice["id"])


def test_what_is_sent_is_by_the_contract(sandbox: SandboxServer, announced: Announce, to_place: Announce) -> None:
    for delivery, schema in ((sent(announced()), "NoticeIn"), (sent(to_place()), "PlacementIn")):
        attempt = Attempt.objects.get(delivery=delivery)
        assert attempt.request is not None
        assert errors(schema, attempt.request["body"]) == []
        assert attempt.request["headers"]["idempotency-key"] == delivery.effect_key
        assert "wms_sandbox" not in str(attempt.request)


def test_what_the_customer_keeps_is_not_expected(sandbox: SandboxServer, announced: Announce) -> None:
    lines = [LineFact(1, "TEE", 2, kept=1), LineFact(2, "CAP", 1, kept=1)]
    sent(announced(lines=lines))
    [notice] = sandbox.books("wms")["notices"]
    assert [(line["line_ref"], line["quantity"]) for line in notice["lines"]] == [("1", 1)]


def test_nothing_is_announced_where_everything_is_kept(wms: Connection, announced: Announce) -> None:
    with pytest.raises(Delivery.DoesNotExist):
        announced(lines=[LineFact(1, "TEE", 2, kept=2)])


@pytest.mark.parametrize("kind", ["blind", "returnless", "store", "boris"])
def test_no_parcel_is_announced_where_none_will_come(wms: Connection, announced: Announce, kind: str) -> None:
    with pytest.raises(Delivery.DoesNotExist):
        announced(kind=kind)


def test_what_the_customer_keeps_is_not_announced(wms: Connection, announced: Announce) -> None:
    delivery = sent(announced(lines=[LineFact(1, "TEE", 3, kept=1), LineFact(2, "CAP", 1, kept=1)]))
    attempt = Attempt.objects.get(delivery=delivery)
    assert attempt.request is not None
    assert attempt.request["body"]["lines"] == [{"line_ref": "1", "sku": "TEE", "quantity": 2}]
    with pytest.raises(Delivery.DoesNotExist):
        announced(lines=[LineFact(1, "TEE", 2, kept=2)])


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        {"kind": "reset", "times": 1},
        {"kind": "error_500", "times": 1},
        {"kind": "error_500", "times": 1, "after_effect": True},
        {"kind": "throttle_429", "times": 1},
    ],
    ids=["lost", "reset", "500", "500-after", "429"],
)
def test_a_fault_is_survived_and_told_once(sandbox: SandboxServer, announced: Announce, fault: dict[str, Any]) -> None:
    sandbox.faults("wms", fault)
    delivery = sent(announced())
    assert delivery.status == "ready"
    assert sent(delivery).status == "delivered"
    assert [outcome for outcome, _ in tries(delivery)] == ["transient", "delivered"]
    [notice] = sandbox.books("wms")["notices"]
    assert delivery.external_reference == notice["id"]


def test_a_reference_that_is_taken_is_what_was_sent_before(sandbox: SandboxServer, announced: Announce) -> None:
    """The answer was lost, and the warehouse has forgotten the key: it refuses, and names what it has."""
    sandbox.faults("wms", LOST)
    delivery = sent(announced())
    sandbox.control("POST", "/wms/age-keys", {"hours": 25})
    assert sent(delivery).status == "delivered"
    [notice] = sandbox.books("wms")["notices"]
    assert delivery.external_reference == notice["id"]


def test_a_canceled_return_is_withdrawn(
    sandbox: SandboxServer, announced: Announce, withdrawn: Callable[[UUID], Delivery]
) -> None:
    rma = uuid7()
    sent(announced(rma))
    delivery = sent(withdrawn(rma))
    [notice] = sandbox.books("wms")["notices"]
    assert (notice["status"], delivery.status, delivery.external_reference) == ("canceled", "delivered", notice["id"])


def test_what_was_never_announced_needs_no_withdrawal(
    sandbox: SandboxServer, withdrawn: Callable[[UUID], Delivery]
) -> None:
    delivery = sent(withdrawn(uuid7()))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "never_announced")])
    assert sandbox.books("wms")["notices"] == []


def lines_of(notice: dict[str, Any]) -> list[tuple[str, int]]:
    return [(line["line_ref"], line["quantity"]) for line in notice["lines"]]


def test_what_is_alive_again_is_announced_anew_and_withdrawn_anew(
    sandbox: SandboxServer, announced: Announce, withdrawn: Announce, reinstated: Announce
) -> None:
    rma = uuid7()
    sent(announced(rma))
    assert sent(withdrawn(rma)).status == "delivered"
    again = sent(reinstated(rma))
    first, second = sandbox.books("wms")["notices"]
    assert (first["status"], second["status"]) == ("canceled", "expected")
    assert second["reference"] == again.effect_key == f"notice:{rma}:{again.event_id}"
    assert lines_of(second) == [("1", 2), ("2", 1)]
    assert errors("Notice", second) == []
    assert mapping.arrival(arrived(second["reference"]), WmsMapping()).return_id == rma
    # It ends once more: the second notice is withdrawn as the first one was.
    assert sent(withdrawn(rma)).status == "delivered"
    assert [notice["status"] for notice in sandbox.books("wms")["notices"]] == ["canceled", "canceled"]


def test_what_came_when_it_came_alive_again_is_not_announced(
    sandbox: SandboxServer, announced: Announce, withdrawn: Announce, reinstated: Announce, fewer: Announce
) -> None:
    rma = uuid7()
    sent(announced(rma))
    sent(withdrawn(rma))
    sent(reinstated(rma, lines=[LineFact(1, "TEE", 3, arrived=1), LineFact(2, "CAP", 1, arrived=1)]))
    assert lines_of(sandbox.books("wms")["notices"][1]) == [("1", 2)]
    # Of three units two may have come at most: this notice never counted the first one.
    sent(fewer(rma, expected=2))
    assert lines_of(sandbox.books("wms")["notices"][1]) == [("1", 1)]
    with pytest.raises(Delivery.DoesNotExist):
        reinstated(rma, lines=[LineFact(1, "TEE", 2, arrived=2)])


@pytest.mark.parametrize("fact", [LineKept, LineShort, LineRemainingCanceled])
def test_fewer_are_expected_when_fewer_will_come(
    sandbox: SandboxServer, announced: Announce, fewer: Announce, fact: Any
) -> None:
    rma = uuid7()
    sent(announced(rma))
    sandbox.faults("wms", LOST)
    delivery = fewer(rma, fact, 1, 1)
    assert (sent(delivery).status, sent(delivery).status) == ("ready", "delivered")
    [notice] = sandbox.books("wms")["notices"]
    assert (notice["status"], lines_of(notice)) == ("expected", [("1", 1), ("2", 1)])
    assert delivery.external_reference == notice["id"]
    sent(fewer(rma, fact, 1, 0))
    sent(fewer(rma, fact, 2, 0))
    [notice] = sandbox.books("wms")["notices"]
    assert (notice["status"], lines_of(notice)) == ("canceled", [("1", 0), ("2", 0)])
    assert errors("Notice", notice) == []
    late = sent(fewer(rma, fact, 2, 0))
    assert (late.status, tries(late)) == ("delivered", [("delivered", "not_expected")])


def test_a_notice_is_complete_when_nothing_more_will_come(
    sandbox: SandboxServer, announced: Announce, fewer: Announce
) -> None:
    rma = uuid7()
    sent(announced(rma))
    lines = [{"line_ref": "1", "quantity": 1}, {"line_ref": "2", "quantity": 1}]
    sandbox.control("POST", "/wms/arrivals", {"reference": f"notice:{rma}", "lines": lines})
    assert sent(fewer(rma, expected=1)).status == "delivered"
    assert sandbox.books("wms")["notices"][0]["status"] == "received"


def test_nothing_is_lowered_that_was_never_announced(sandbox: SandboxServer, fewer: Announce) -> None:
    delivery = sent(fewer(uuid7()))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "never_announced")])
    with pytest.raises(Delivery.DoesNotExist):
        fewer(uuid7(), kind="store")


def arrived(reference: str) -> dict[str, Any]:
    """Return the data of a receipt of nothing under that reference."""
    names = ("scan_id", "parcel_id", "location", "rma_number")
    return {"reference": reference, "received_at": "2026-11-02T10:00:00Z", "lines": []} | dict.fromkeys(names, "x")


def test_goods_that_came_before_their_withdrawal_hold_nothing_up(
    sandbox: SandboxServer, announced: Announce, withdrawn: Callable[[UUID], Delivery]
) -> None:
    rma = uuid7()
    sent(announced(rma))
    sandbox.control("POST", "/wms/arrivals", {"reference": f"notice:{rma}"})
    delivery = sent(withdrawn(rma))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "already_received")])


def test_what_came_by_one_notice_leaves_the_other_to_be_withdrawn(
    sandbox: SandboxServer, announced: Announce, withdrawn: Announce, reinstated: Announce
) -> None:
    rma = uuid7()
    sent(announced(rma))
    sandbox.control("POST", "/wms/arrivals", {"reference": f"notice:{rma}"})
    sent(reinstated(rma))
    delivery = sent(withdrawn(rma))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "")])
    assert [notice["status"] for notice in sandbox.books("wms")["notices"]] == ["received", "canceled"]


def test_goods_are_placed_once(sandbox: SandboxServer, to_place: Announce) -> None:
    sandbox.faults("wms", LOST)
    delivery = sent(to_place(quantity=4, disposition="refurbish"))
    assert sent(delivery).status == "delivered"
    [placement] = sandbox.books("wms")["placements"]
    assert (placement["reference"], placement["quantity"], placement["disposition"]) == (
        delivery.effect_key,
        4,
        "refurbish",
    )
    assert placement["line_ref"] == "1"
    assert sandbox.books("wms")["stock_by_disposition"] == {"refurbish": 4}


def test_a_disposition_without_a_name_never_leaves_the_house(
    sandbox: SandboxServer, wms: Connection, to_place: Announce
) -> None:
    delivery = sent(to_place(disposition="missing"))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "contract", "unmapped")
    assert sandbox.journal("wms") == []


def test_a_body_that_the_warehouse_does_not_take_is_a_matter_of_the_contract(
    sandbox: SandboxServer, to_place: Announce
) -> None:
    delivery = sent(to_place(sku=""))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "contract", "invalid_body")
    assert sandbox.books("wms")["placements"] == []


def test_a_refused_token_pauses_the_connection(sandbox: SandboxServer, wms: Connection, announced: Announce) -> None:
    sandbox.faults("wms", {"kind": "unauthorized"})
    assert sent(announced()).status == "ready"
    assert Destination.objects.get(pk=wms.destination_id).paused
    assert sandbox.books("wms")["notices"] == []


def test_names_come_from_the_connections_mapping(sandbox: SandboxServer, wms: Connection, to_place: Announce) -> None:
    Connection.objects.filter(pk=wms.pk).update(mapping={"locations": {"DC-1": "HALL-7"}})
    sent(to_place())
    assert sandbox.books("wms")["placements"][0]["location"] == "HALL-7"


def test_the_probe_needs_the_token(sandbox: SandboxServer, wms: Connection) -> None:
    assert probe_connection(actor=ADMIN, connection_id=wms.id).ok
    sandbox.faults("wms", {"kind": "unauthorized"})
    assert not probe_connection(actor=ADMIN, connection_id=wms.id).ok


def test_configuration_is_checked(wms: Connection) -> None:
    with pytest.raises(Invalid):
        configure_connection(actor=ADMIN, connection_id=wms.id, config={**wms.config, "currency": "pounds"})

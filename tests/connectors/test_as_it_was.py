"""A replay renders its request anew, or sends it as its last try was rendered; the key is the same either way."""

import json
from typing import Any

import pytest

from connectors import transport
from connectors.models import Connection
from connectors.netsuite.connector import CONNECTOR
from connectors.protocol import ConnectionContext
from connectors.rendering import again
from connectors.services import activate_mapping, try_mapping
from connectors.transport import ConnectionTransport
from retailops.events.engine import claim
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.replay import ReplayRefused, replay
from retailops.events.transport import Claimed, Outcome
from retailops.lib.clock import now
from tests.connectors.conftest import ADMIN
from tests.connectors.test_trials import IDS, erp, memo  # noqa: F401  # erp is a fixture

pytestmark = pytest.mark.django_db
NEW = {"currencies": {"EUR": "9"}, "items": {"MUG": "901"}}


def stopped(mapping_version: int, failure_class: str = "transient") -> Delivery:
    """Return a stopped memo that was tried once, with that version of the mapping, and never left."""
    made = memo("EUR", "MUG", DeliveryStatus.DEAD)
    Delivery.objects.filter(pk=made.pk).update(failure_class=failure_class, attempt_no=1, fence=1)
    Attempt.objects.create(
        delivery=made, attempt_no=1, fence=1, outcome=failure_class, code="503", config_version=1,
        mapping_version=mapping_version, started_at=now(), duration_ms=1,
    )  # fmt: skip
    return Delivery.objects.select_related("event", "destination__connection").get(pk=made.pk)


def change_mapping(connection: Connection, mapping: dict[str, Any]) -> None:
    trial = try_mapping(actor=ADMIN, connection_id=connection.id, mapping=mapping)
    activate_mapping(
        actor=ADMIN, connection_id=connection.id, trial_id=trial.id, mapping_hash=trial.mapping_hash, reason="moved"
    )


def test_both_requests_are_shown_with_a_word_for_their_difference(erp: Connection) -> None:  # noqa: F811
    change_mapping(erp, {"currencies": {"EUR": "2"}, "items": {"MUG": "901"}})
    made = stopped(2)
    assert again([made])[made.id].verdict == "same"
    change_mapping(erp, NEW)
    made = stopped(2)
    found = again([made])[made.id]
    assert (found.verdict, found.was, found.present) == ("different", 2, 3)
    bodies = [json.loads(text)["body"]["currency"] for text in (found.before, found.after)]
    assert bodies == [{"id": "2"}, {"id": "9"}]
    change_mapping(erp, IDS)
    made = stopped(3)
    found = again([made])[made.id]
    assert found.verdict == "broken"
    assert "the currency EUR has no id in NetSuite" in found.after


@pytest.mark.parametrize(("as_was", "currency", "version"), [(False, "9", 3), (True, "2", 2)])
def test_it_is_sent_as_was_chosen_under_the_same_key(
    erp: Connection,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    as_was: bool,
    currency: str,
    version: int,
) -> None:
    change_mapping(erp, {"currencies": {"EUR": "2"}, "items": {"MUG": "901"}})
    made = stopped(2)
    change_mapping(erp, NEW)
    sent: list[tuple[str, str]] = []

    def send(conn: ConnectionContext, claimed: Claimed) -> Outcome:
        body: Any = CONNECTOR.render(conn, claimed).body
        sent.append((body["currency"]["id"], claimed.effect_key))
        return Outcome(claimed, OutcomeClass.TRANSIENT, code="503")

    monkeypatch.setattr(transport, "connector_of", lambda vendor: CONNECTOR)
    monkeypatch.setattr(CONNECTOR, "send", send)
    replay(ADMIN, made.id, "again", as_was=as_was)
    told = Event.objects.get(type="delivery.replayed").data["mapping_version"]
    assert told == (2 if as_was else None)
    [outcome] = ConnectionTransport().send(claim(made.destination_id, owner="test").deliveries)
    assert sent == [(currency, made.effect_key)]
    assert outcome.mapping_version == version


def test_what_did_not_fit_is_not_sent_as_it_was(erp: Connection) -> None:  # noqa: F811
    made = stopped(1, "contract")
    change_mapping(erp, NEW)
    with pytest.raises(ReplayRefused, match="As it was, it did not fit its contract"):
        replay(ADMIN, made.id, "again", as_was=True)
    made.refresh_from_db()
    assert (made.status, made.mapping_version, made.fence) == (DeliveryStatus.DEAD, None, 1)
    assert not Event.objects.filter(type="delivery.replayed").exists()
    replay(ADMIN, made.id, "again")
    made.refresh_from_db()
    assert made.status == DeliveryStatus.READY

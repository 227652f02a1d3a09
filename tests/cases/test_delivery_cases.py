"""Cases that the engine's events open and close, in the same transaction."""

from datetime import timedelta

import pytest
from django.conf import LazySettings

from retailops.accounts.actor import Actor
from retailops.cases.handlers import open_long_doubts
from retailops.cases.models import Case, CaseNote, CaseQueue
from retailops.events import consequences
from retailops.events.destinations import resume
from retailops.events.leases import is_leased
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Delivery
from retailops.events.replay import discard, replay
from retailops.events.sending import drain
from retailops.events.transport import Finding
from retailops.lib.clock import now
from tests.events.conftest import transport
from tests.events.factories import FakeTransport, fresh, make_delivery, make_destination, make_due, outcome

__all__ = ["transport"]
pytestmark = pytest.mark.django_db
OPS = Actor.system("ops")


@pytest.fixture(autouse=True)
def _no_nudges(settings: LazySettings) -> None:
    settings.NUDGE_WORKERS = False


def dead(transport: FakeTransport, failure: str = "business", **fields: object) -> Delivery:
    """Return a delivery that has just died."""
    made = make_delivery(make_destination(name=f"stripe-{now().timestamp()}"), amount=1999, currency="GBP", **fields)  # type: ignore[arg-type]  # test factory
    transport.answer = lambda c: outcome(c, failure, code="charge_refunded", message="Charge ch_1 is refunded")
    drain(made.destination_id)
    transport.answer = outcome
    return made


@pytest.mark.parametrize(("failure", "queue"), [("business", CaseQueue.BUSINESS), ("contract", CaseQueue.TECHNICAL)])
def test_a_dead_delivery_is_a_case_of_its_queue(transport: FakeTransport, failure: str, queue: str) -> None:
    made = dead(transport, failure)
    case = Case.objects.get()
    assert (case.queue, case.delivery_id, case.subject_id) == (queue, made.id, made.event.subject_id)
    assert (case.amount, case.currency) == (1999, "GBP")
    assert case.group.fingerprint == fresh(made).fingerprint
    assert case.detail == "Charge ch_1 is refunded"
    assert case.next_action


def test_the_case_commits_with_the_record_or_neither_does(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_delivery(make_destination())
    transport.answer = lambda c: outcome(c, "business", code="x")

    def crash(*args: object) -> None:
        raise SystemExit  # the worker dies after the case was opened, before the commit

    monkeypatch.setattr(consequences, "settle_destination", crash)
    with pytest.raises(SystemExit):
        drain(made.destination_id)
    assert is_leased(fresh(made))
    assert Case.objects.count() == Attempt.objects.count() == 0


def test_it_ends_when_the_replay_gets_through(transport: FakeTransport) -> None:
    made = dead(transport)
    replay(OPS, made.id, "corrected at the source")
    assert Case.objects.get().status == "open"
    assert CaseNote.objects.get().kind == "replayed"
    drain(made.destination_id)
    case = Case.objects.get()
    assert (case.status, case.resolution_reason, case.resolved_by) == ("resolved", "Delivered.", "system:cases")
    assert case.resolution_evidence["delivery_id"] == str(made.id)


def test_dying_again_is_the_same_case(transport: FakeTransport) -> None:
    made = dead(transport)
    replay(OPS, made.id, "try")
    transport.answer = lambda c: outcome(c, "business", code="charge_refunded", message="Charge ch_1 is refunded")
    drain(made.destination_id)
    assert (Case.objects.get().status, Case.objects.get().occurrences) == ("open", 2)


def test_it_ends_when_found_done_or_discarded(transport: FakeTransport) -> None:
    first, second = dead(transport, repeat_safe=False), dead(transport)
    transport.finding = lambda c: Finding(True, "re_1")
    replay(OPS, first.id, "look")
    discard(OPS, second.id, "paid by hand")
    reasons = Case.objects.order_by("opened_at").values_list("status", "resolution_reason")
    assert list(reasons) == [("resolved", "Found already done."), ("resolved", "Discarded: paid by hand")]


def test_refused_credentials_are_one_case_until_resumed(transport: FakeTransport) -> None:
    destination = make_destination()
    for _ in range(5):
        make_delivery(destination)
    transport.answer = lambda c: outcome(c, "auth", code="401", message="bad key")
    drain(destination.id)
    case = Case.objects.get()
    assert (case.kind, case.queue, case.subject_id) == ("connection.refused", CaseQueue.TECHNICAL, destination.id)
    resume(actor=OPS, destination_id=destination.id, reason="new key")
    assert Case.objects.get().status == "resolved"
    transport.answer = outcome
    assert drain(destination.id).attempted == 5


def test_a_long_doubt_is_a_case_until_it_is_settled(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination, repeat_safe=False)
    transport.answer = lambda c: outcome(c, "in_doubt", code="timeout")
    drain(destination.id)
    assert open_long_doubts() == 0
    Delivery.objects.update(in_doubt_since=now() - timedelta(minutes=16))
    assert open_long_doubts() == 1
    assert open_long_doubts() == 0
    assert Case.objects.get().kind == "delivery.in_doubt"
    make_due(made)
    transport.finding = lambda c: Finding(True, "re_1")
    assert look_up_due() == 1
    assert Case.objects.get().status == "resolved"

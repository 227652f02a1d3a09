"""Stored messages are translated in order, each with its commands in one transaction; nothing is dropped."""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from connectors import inbox_worker, registry, tasks
from connectors.context import context_named
from connectors.inbox import process_due, store_once
from connectors.models import InboxKind, InboxMessage
from connectors.protocol import ConnectionContext, Connector, ConnectorConfig, NotYet, Translated, Verified
from connectors.retention import forget_bodies
from connectors.services import create_connection, retry_message, set_message_aside
from inventory.models import Location
from retailops.accounts.actor import Actor
from retailops.cases.models import Case
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, NotFound
from tests.connectors.conftest import ADMIN

Script = list[Exception | None]
Arrive = Callable[..., InboxMessage]


class Scripted(Connector):
    """Makes a location for each message (a change that must be undone with it), then does what the script says."""

    vendor, label, proven = "scripted", "Scripted", "a test"
    Config = ConnectorConfig

    def __init__(self) -> None:
        self.script: Script = []
        self.seen: list[str] = []

    def translate(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        self.seen.append(message.message_id)
        Location.objects.create(code=f"L-{message.message_id}-{message.tries}", name="made by a message")
        trouble = self.script.pop(0) if self.script else None
        if trouble is not None:
            raise trouble
        return Translated(result={"taken": json.loads(bytes(message.body))})


@pytest.fixture
def scripted(db: None) -> Iterator[Scripted]:
    connector = Scripted()
    registry.register_connector(connector)
    yield connector
    registry._connectors.pop("scripted")


@pytest.fixture
def arrive(scripted: Scripted) -> Callable[..., InboxMessage]:
    connection = create_connection(
        actor=ADMIN, vendor="scripted", name="scripted", label="Scripted", config={"base_url": "http://127.0.0.1:1"}
    )

    def make(id: str, **fields: Any) -> InboxMessage:
        body = json.dumps({"id": id}).encode()
        return InboxMessage.objects.create(
            connection=connection,
            kind=InboxKind.WEBHOOK,
            message_id=id,
            topic="thing.done",
            body=body,
            body_hash=hashlib.sha256(body).hexdigest(),
            verified=True,
            **fields,
        )

    return make


def later(message: InboxMessage) -> InboxMessage:
    """Let the message's pause be over."""
    InboxMessage.objects.filter(pk=message.pk).update(next_try_at=now())
    process_due()
    message.refresh_from_db()
    return message


def test_a_message_is_translated_once_and_done(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    message = arrive("m1")
    assert process_due() == 1
    assert process_due() == 0
    message.refresh_from_db()
    assert (message.status, message.tries, message.result) == ("done", 1, {"taken": {"id": "m1"}})
    assert Location.objects.filter(code="L-m1-0").exists()


def test_a_busy_inbox_does_not_hold_a_worker_beyond_its_time(
    scripted: Scripted, arrive: Callable[..., InboxMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    nudges: list[str] = []
    monkeypatch.setattr(tasks, "nudge_inbox", lambda: nudges.append("inbox"))
    for id in ("m1", "m2", "m3", "m4"):
        arrive(id)
    assert process_due(seconds=0) == 1
    monkeypatch.setattr(tasks, "BATCH", 2)
    tasks.process_inbox()
    assert (len(scripted.seen), nudges) == (3, ["inbox"])
    tasks.process_inbox()
    assert (len(scripted.seen), nudges) == (4, ["inbox"])


def test_messages_of_one_lane_keep_their_order(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    for id in ("a1", "a2", "a3"):
        arrive(id, lane_key="charge-a")
    scripted.script = [RuntimeError("the database is shut")]
    process_due()
    assert scripted.seen == ["a1"]
    InboxMessage.objects.update(next_try_at=now())
    process_due()
    assert scripted.seen == ["a1", "a1", "a2", "a3"]


def test_another_lane_passes_a_lane_that_is_stuck(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    arrive("a1", lane_key="charge-a")
    arrive("a2", lane_key="charge-a")
    arrive("b1", lane_key="charge-b")
    scripted.script = [RuntimeError("not now")]
    process_due()
    assert scripted.seen == ["a1", "b1"]


def test_what_comes_too_early_waits_and_lets_later_ones_pass(
    scripted: Scripted, arrive: Callable[..., InboxMessage]
) -> None:
    early = arrive("m1", lane_key="order-1")
    arrive("m2", lane_key="order-1")
    scripted.script = [NotYet("the order is not here")]
    process_due()
    early.refresh_from_db()
    assert (early.status, early.error, early.tries) == ("waiting", "the order is not here", 1)
    assert early.next_try_at > now()
    assert scripted.seen == ["m1", "m2"]
    assert not Location.objects.filter(code="L-m1-0").exists()
    assert later(early).status == "done"


def test_waiting_is_bounded_and_ends_in_a_case(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    message = arrive("m1", received_at=now() - inbox_worker.WAIT_LIMIT - timedelta(seconds=1))
    scripted.script = [NotYet("the order is not here")]
    process_due()
    message.refresh_from_db()
    assert message.status == "dead"
    case = Case.objects.get()
    assert (case.kind, case.queue, case.subject_id) == ("inbox_waited", "business", message.id)


def test_a_refusal_is_dead_at_once_with_a_case_and_its_commands_are_undone(
    scripted: Scripted, arrive: Callable[..., InboxMessage]
) -> None:
    message = arrive("m1")
    scripted.script = [Conflict("The return is closed.")]
    process_due()
    message.refresh_from_db()
    assert (message.status, message.error) == ("dead", "conflict: The return is closed.")
    assert not Location.objects.exists()
    assert Case.objects.get().kind == "inbox_refused"


def test_a_technical_failure_is_tried_again_then_a_case(
    scripted: Scripted, arrive: Callable[..., InboxMessage], caplog: pytest.LogCaptureFixture
) -> None:
    message = arrive("m1")
    tries = len(inbox_worker.RETRY_STEPS) + 1
    scripted.script = [RuntimeError("a field is missing")] * tries
    for _ in range(tries - 1):
        assert later(message).status == "pending"
    assert later(message).status == "dead"
    assert Case.objects.get().queue == "technical"
    assert not Location.objects.exists()


def test_a_stopped_message_is_taken_again_and_its_case_ends(
    scripted: Scripted, arrive: Callable[..., InboxMessage]
) -> None:
    message = arrive("m1")
    scripted.script = [Conflict("The return is closed.")]
    process_due()
    retry_message(actor=ADMIN, message_id=message.id)
    process_due()
    message.refresh_from_db()
    assert (message.status, message.error) == ("done", "")
    assert Case.objects.get().status == "resolved"


def test_a_stopped_message_is_set_aside_with_a_reason(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    message = arrive("m1")
    scripted.script = [Conflict("The return is closed.")]
    process_due()
    set_message_aside(actor=ADMIN, message_id=message.id, reason="a test message")
    message.refresh_from_db()
    assert (message.status, message.result["reason"]) == ("done", "a test message")
    assert Case.objects.get().status == "resolved"


def test_a_message_that_is_not_stopped_cannot_be_set_aside(
    scripted: Scripted, arrive: Callable[..., InboxMessage]
) -> None:
    message = arrive("m1")
    with pytest.raises(Conflict):
        set_message_aside(actor=ADMIN, message_id=message.id, reason="why not")
    message.refresh_from_db()
    assert message.status == "pending"


def test_a_stranger_may_not_touch_the_inbox(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    message = arrive("m1")
    scripted.script = [Conflict("no")]
    process_due()
    with pytest.raises(NotFound):
        retry_message(actor=Actor("user", "1", "Stranger"), message_id=message.id)
    message.refresh_from_db()
    assert message.status == "dead"


def test_bodies_of_messages_taken_long_ago_are_forgotten_and_copies_still_known(
    scripted: Scripted, arrive: Callable[..., InboxMessage]
) -> None:
    old, young, stuck = arrive("old"), arrive("young"), arrive("stuck")
    process_due()
    long_ago = now() - timedelta(days=91)
    InboxMessage.objects.filter(pk=old.pk).update(done_at=long_ago)
    InboxMessage.objects.filter(pk=stuck.pk).update(status="dead", done_at=long_ago)
    assert forget_bodies(90) == 1
    assert forget_bodies(90) == 0
    bodies = {message.message_id: bytes(message.body) for message in InboxMessage.objects.all()}
    assert bodies == {"old": b"", "young": bytes(young.body), "stuck": bytes(stuck.body)}
    conn = context_named("scripted")
    assert conn is not None
    assert store_once(conn, Verified("old", "thing.done"), {}, bytes(old.body)).status == 200
    assert forget_bodies(0) == 0


@pytest.mark.django_db(transaction=True)
def test_several_workers_take_each_message_once(scripted: Scripted, arrive: Callable[..., InboxMessage]) -> None:
    for number in range(30):
        arrive(f"m{number:02}", lane_key=f"lane-{number % 3}")

    def work(_: int) -> int:
        try:
            return process_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(work, range(4)))
    process_due()
    assert taken <= 30
    assert InboxMessage.objects.filter(status="done").count() == 30
    assert sorted(scripted.seen) == [f"m{number:02}" for number in range(30)]
    for lane in range(3):
        assert [id for id in scripted.seen if int(id[1:]) % 3 == lane] == [f"m{n:02}" for n in range(lane, 30, 3)]

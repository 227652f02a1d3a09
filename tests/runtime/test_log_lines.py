"""Each log line bears correlation id and actor, and nothing personal or secret, whoever writes it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pydantic import BaseModel, ValidationError

from retailops.accounts.api_keys import issue_api_key
from retailops.celery import app
from retailops.events.catalog import Subject
from retailops.events.handling import register_handler
from retailops.events.models import Event
from retailops.events.publish import publish
from retailops.events.sending import drain
from retailops.events.transport import Claimed
from retailops.lib import log_lines, tracing
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.runtime.requests import RequestContext
from returns.events import OrderCaptured
from returns.models import Customer
from tests.events.factories import fresh, make_delivery, make_destination
from tests.factories import SYSTEM
from tests.workbench import world

SEEDED = {
    "email": "mina.okafor@example.com", "phone": "+44 7700 900145", "card": "4242 4242 4242 4242",
    "key": "sk_test_51HxSecretValue", "bearer": "Bearer ro_ab12cd34ef56_veryverysecretvalue",
    "iban": "DE89 3704 0044 0532 0130 00", "url": "postgresql://retailops:hunter2@db/retailops",
}  # fmt: skip
# Not written where it is used: a traceback shows the lines of the source.
WHO = "Mina Okafor, Leeds (UK)"
SECRETS = (
    "mina.okafor", "7700", "4242 4242", "SecretValue", "veryverysecret", "3704 0044", "hunter2", "Okafor", "Leeds",
)  # fmt: skip


@pytest.fixture
def lines() -> Iterator["Lines"]:
    """What is logged, through the configured formatter."""
    found = Lines()
    yield found
    found.close()


class Lines:
    """The root logger's lines as the configured handler writes them."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        formatters: Any = settings.LOGGING["formatters"]
        configuration = {name: value for name, value in formatters["json"].items() if name != "()"}
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(structlog.stdlib.ProcessorFormatter(**configuration))
        logging.getLogger().addHandler(self.handler)

    def close(self) -> None:
        logging.getLogger().removeHandler(self.handler)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def leaks(self) -> list[str]:
        return [secret for secret in SECRETS if secret in self.stream.getvalue()]


class Buyer(BaseModel):
    """What a message tells of a buyer, wrongly."""

    age: int


def test_values_are_masked_by_key_and_by_look(lines: Lines) -> None:
    log = structlog.get_logger("tests")
    log.info("told", **SEEDED, nested={"email": SEEDED["email"], "seen": [SEEDED["phone"], SEEDED["key"]]})
    log.warning("in words %s", f"{SEEDED['email']} called from {SEEDED['phone']} with {SEEDED['card']}")
    logging.getLogger("library").error("GET %s as %s", SEEDED["url"], SEEDED["bearer"])
    assert lines.leaks() == []
    assert len(lines.told) == 3


def test_what_is_no_secret_stays(lines: Lines) -> None:
    text = "delivery 01935b7c-7a55-7cc4-8f09-1a2b3c4d5e6f at 2026-11-30T13:44:04.216026+00:00 took 1234567890123 ns"
    told = {"effect_key": "refund:01935b7c:1", "count": 4242424242424242, "order": "ORD-2026-001"}
    structlog.get_logger("tests").info(text, **told)
    [line] = lines.told
    assert line["event"] == text
    assert {name: line[name] for name in told} == told


@pytest.mark.django_db
def test_tracebacks_of_libraries_quote_no_rows_and_no_inputs(lines: Lines) -> None:
    log = structlog.get_logger("tests")
    try:
        with transaction.atomic():
            Customer.objects.create(name=WHO, email=SEEDED["email"], erased_at=now())
    except DatabaseError:
        log.exception("refused")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE seen (who text UNIQUE)")
            cursor.execute("INSERT INTO seen VALUES (%s), (%s)", [WHO, WHO])
    except DatabaseError:
        log.exception("twice")
    try:
        Buyer.model_validate({"age": WHO})
    except ValidationError:
        logging.getLogger("library").exception("not a buyer")
    assert [line["event"] for line in lines.told] == ["refused", "twice", "not a buyer"]
    assert all("Error" in line["exception"] for line in lines.told)
    assert lines.leaks() == []


def test_outside_of_everything_a_line_is_the_processes(lines: Lines) -> None:
    structlog.get_logger("tests").info("alone")
    [line] = lines.told
    assert (line["correlation_id"], line["actor"]) == (log_lines.PROCESS, "system:process")
    assert {"event", "logger", "level", "timestamp"} <= set(line)


@pytest.mark.django_db
def test_a_request_bears_its_trace_and_its_actor(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    user = world.person("ops_lead")
    monkeypatch.setattr(
        "retailops.workbench.views.home.today", lambda actor: structlog.get_logger("tests").info("seen")
    )
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    header = f"00-{trace}-00f067aa0ba902b7-01"
    client = world.signed_in(user)
    monkeypatch.setattr("retailops.workbench.views.home.show", lambda *_: HttpResponse("ok"))
    answer = client.get("/", headers={"traceparent": header})
    assert UUID(answer.headers["X-Correlation-ID"]).hex == trace
    [line] = [each for each in lines.told if each["event"] == "seen"]
    assert (UUID(line["correlation_id"]).hex, line["actor"]) == (trace, user.actor_key)


@pytest.mark.django_db
def test_a_keyed_call_that_fails_is_told_with_its_client(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    api_client, key = issue_api_key("shop", ["returns:read"])
    monkeypatch.setattr("retailops.lib.problem.as_domain_error", lambda exc: 1 / 0)
    client.raise_request_exception = False
    path = f"/api/v1/returns?tracking={SEEDED['email']}&unknown=1"
    answer = client.get(path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 500
    assert key not in lines.stream.getvalue()
    assert lines.leaks() == []
    assert {line["actor"] for line in lines.told} == {f"api_client:{api_client.pk}"}
    assert len({line["correlation_id"] for line in lines.told}) == 1


def test_a_damaged_traceparent_begins_a_new_trace() -> None:
    view = RequestContext(lambda request: HttpResponse())
    seen = set()
    for header in ("", "junk", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-" + "a" * 32 + "-" + "b" * 16 + "-01"):
        request: HttpRequest = RequestFactory().get("/", headers={"traceparent": header})
        request.resolver_match = None
        seen.add(view(request).headers["X-Correlation-ID"])
    assert len(seen) == 4
    assert "a" * 8 not in "".join(seen)


def test_a_task_goes_on_with_the_trace_of_whoever_sent_it(lines: Lines) -> None:
    @app.task(name="tests.log_a_line")
    def log_a_line() -> None:
        structlog.get_logger("tests").info("in a task")

    with tracing.span("outside") as outside:
        log_a_line.apply(headers={tracing.HEADER: outside.traceparent})
    log_a_line.apply()
    first, second = (line for line in lines.told if line["event"] == "in a task")
    assert (first["correlation_id"], first["actor"]) == (outside.correlation_id, "system:tests.log_a_line")
    assert second["correlation_id"] != first["correlation_id"]
    assert tracing.present() is None


def captured(cause: UUID | None = None) -> Event:
    """Publish that an order was captured."""
    id = uuid7()
    fact = OrderCaptured(str(id), "web", f"ext-{id}", "1001", 1, "GBP", 1)
    return publish(fact, subject=Subject("order", id, uuid7(), str(id)), actor=SYSTEM, cause=cause)


@pytest.mark.django_db
def test_a_callers_trace_is_kept_by_what_follows_and_lines_bear_the_story(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, seen = "4bf92f3577b34da6a3ce929d0e0e4736", list[str]()
    destination = make_destination(kind="handler", name="tests.follow")
    with tracing.span("POST", parent=f"00-{theirs}-00f067aa0ba902b7-01", keep=True):
        event = captured()
    owed = make_delivery(destination, event=event)

    def follow(claimed: Claimed) -> None:
        structlog.get_logger("tests").info("following")
        seen.append(tracing.traceparent().split("-")[1])
        captured(cause=claimed.event_id)

    register_handler("tests.follow", follow)
    drain(destination.id)
    assert fresh(owed).status == "delivered"
    assert seen == [theirs]
    after = Event.objects.get(causation_id=event.id)
    assert (after.traceparent or "").split("-")[1] == theirs
    [line] = [each for each in lines.told if each["event"] == "following"]
    assert line["correlation_id"] == str(event.correlation_id) != str(UUID(theirs))


@pytest.mark.django_db
def test_without_a_callers_trace_an_event_bears_none() -> None:
    with tracing.span("a task", trace=uuid7()):
        assert captured().traceparent is None

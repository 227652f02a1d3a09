"""`manage.py replay`: nothing is sent by planning; a plan is run by its hash; its progress and report are told."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from retailops.events.enums import DeliveryStatus
from retailops.replays.models import BulkOperation
from tests.events.factories import FakeTransport, fresh, make_destination, outcome
from tests.replays import world
from tests.workbench.world import person

pytestmark = [pytest.mark.django_db(transaction=True)]


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("replay", *arguments, stdout=out)
    return out.getvalue()


def planned(email: str, *arguments: str) -> list[str]:
    """Return id and hash of the plan that the command made."""
    lines = told("--as", email, "--reason", "the gateway is back", *arguments).splitlines()
    return [line.split(" ")[1] for line in lines[-2:]]


def test_it_plans_then_runs_by_the_hash(transport: FakeTransport) -> None:
    email = person("ops_agent").email
    destination = make_destination(name="gateway")
    made = world.stopped(destination, amount=4599, currency="GBP")
    world.stopped()
    text = told("--as", email, "--destination", "gateway", "--reason", "the gateway is back")
    assert "1  safe_repeat     45.99 GBP                sent: 1" in text
    assert "Would be sent: 45.99 GBP. Nothing is sent yet." in text
    assert transport.sent == []
    plan = BulkOperation.objects.get()
    assert text.splitlines()[-2:] == [f"plan {plan.id}", f"hash {plan.hash}"]
    report = told("--as", email, "--run", str(plan.id), plan.hash, "--pump")
    assert "1 of 1 done, 0 on their way" in report
    assert report.splitlines()[-1] == "finished"
    assert (transport.sent_keys(), fresh(made).status) == ([made.effect_key], DeliveryStatus.DELIVERED)


def test_a_run_that_stops_ends_with_1(transport: FakeTransport) -> None:
    transport.answer = lambda claimed: outcome(claimed, "business", code="x")
    email = person("ops_agent").email
    plan = planned(email, "--id", str(world.stopped().id))
    with pytest.raises(SystemExit) as ended:
        told("--as", email, "--run", *plan, "--pump")
    assert ended.value.code == 1
    assert BulkOperation.objects.get().status == "stopped"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as", "nobody@shop.example", "--code", "x"], "no active person"),
        (["--as", "{agent}", "--reason", "x"], "Name deliveries"),
        (["--as", "{agent}", "--id", "x", "--reason", "x"], "Name deliveries"),
        (["--as", "{agent}", "--code", "x", "--reason", "x"], "Nothing is selected"),
        (["--as", "{agent}", "--code", "503"], "a reason is required"),
        (["--as", "{agent}", "--code", "503", "--reason", "x", "--canary", "many"], "takes numbers"),
        (["--as", "{agent}", "--run", "x", "y"], "no id of a plan"),
        (["--as", "{auditor}", "--code", "503", "--reason", "x"], "Nothing is selected"),
    ],
)
def test_refused_nothing_is_planned(arguments: list[str], said: str) -> None:
    world.stopped()
    people: dict[str, Any] = {"agent": person("ops_agent").email, "auditor": person("auditor").email}
    with pytest.raises(CommandError, match=said):
        told(*[each.format(**people) for each in arguments])
    assert not BulkOperation.objects.exists()


def test_another_hash_starts_nothing(transport: FakeTransport) -> None:
    email = person("ops_agent").email
    plan, _ = planned(email, "--id", str(world.stopped().id))
    with pytest.raises(CommandError, match="has changed"):
        told("--as", email, "--run", plan, "0" * 64)
    assert BulkOperation.objects.get().executed_at is None

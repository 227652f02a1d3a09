"""Rules for cases: the first that fits names the cause, gives it to a person, or calls for help by age."""

from datetime import timedelta
from typing import Any

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases.inputs import IgnoreIn, RuleIn
from retailops.cases.models import Case, CaseGroup, CaseRule
from retailops.cases.services import (
    change_rule,
    escalate_by_age,
    ignore_group,
    make_rule,
    raise_rule,
    remove_rule,
    snooze_case,
)
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Denied, DomainError, Invalid, NotFound
from retailops.lib.ids import uuid7
from tests.cases.making import opened, reader, worker

pytestmark = pytest.mark.django_db
LEAD = worker(manages=True)


def person(name: str = "Mia") -> User:
    return User.objects.create_user(f"{name.lower()}@example.com", "x" * 12, name=name)


def test_a_cause_that_people_name_takes_cases_of_several_fingerprints() -> None:
    make_rule(LEAD, RuleIn("group", system="stripe", words="disputed", title="Disputes at Stripe"))
    first, second = opened(fingerprint="a", detail="It is DISPUTED."), opened(fingerprint="b", title="disputed too")
    other = opened(fingerprint="a", detail="expired", title="expired")
    assert first.group_id == second.group_id != other.group_id
    assert CaseGroup.objects.get(pk=first.group_id).title == "Disputes at Stripe"
    assert other.group.fingerprint == "a"


def test_the_first_that_fits_gives_it_to_its_person() -> None:
    mia, noa = person("Mia"), person("Noa")
    make_rule(LEAD, RuleIn("assign", region="EU", owner=mia.id))
    second = make_rule(LEAD, RuleIn("assign", queue="business", owner=noa.id))
    assert opened("EU").owner == mia
    assert opened("US").owner == noa
    assert opened("US", queue="technical").owner is None
    raise_rule(LEAD, second.id)
    assert opened("EU").owner == noa
    User.objects.filter(pk=noa.pk).update(is_active=False)
    assert opened("US").owner is None


def aged(hours: int, region: str = "EU") -> Case:
    """Return a case that has been open for so long."""
    case = opened(region)
    Case.objects.filter(pk=case.pk).update(opened_at=now() - timedelta(hours=hours))
    return case


def test_by_age_it_calls_for_help_once() -> None:
    mia = person()
    make_rule(LEAD, RuleIn("escalate", region="EU", after_seconds=4 * 3600, owner=mia.id))
    old, young, elsewhere = aged(5), aged(3), aged(50, "US")
    assert (escalate_by_age(), escalate_by_age()) == (1, 0)
    found = {case.pk: case for case in Case.objects.all()}
    assert found[old.pk].escalated_at is not None
    assert found[old.pk].owner == mia
    assert (found[young.pk].escalated_at, found[elsewhere.pk].escalated_at) == (None, None)
    assert old.notes.filter(kind="escalated").get().text == "Open for more than 4 hours."
    assert Event.objects.filter(type="case.escalated").count() == 1


def test_what_is_out_of_sight_on_purpose_is_not_escalated() -> None:
    make_rule(LEAD, RuleIn("escalate", after_seconds=3600))
    snooze_case(worker(), aged(5).id, now() + timedelta(days=1), "waits for the bank")
    quiet = aged(5)
    ignore_group(worker(), quiet.group_id, IgnoreIn(count=9), "known")
    assert escalate_by_age() == 0


@pytest.mark.parametrize(
    ("rule", "pointers"),
    [
        (RuleIn("odd", system="stripe"), ["/kind"]),
        (RuleIn("group", system="stripe"), ["/title"]),
        (RuleIn("group", title="All"), ["/"]),
        (RuleIn("assign", system="stripe"), ["/owner"]),
        (RuleIn("escalate", after_seconds=30), ["/after_seconds"]),
        (RuleIn("escalate"), ["/after_seconds"]),
    ],
)
def test_rules_that_are_not_whole(rule: RuleIn, pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        make_rule(LEAD, rule)
    assert [fault.pointer for fault in refused.value.errors] == pointers
    assert (CaseRule.objects.count(), Event.objects.filter(type="case_rule.changed").count()) == (0, 0)


def test_rules_are_changed_moved_and_removed() -> None:
    made = [make_rule(LEAD, RuleIn("escalate", after_seconds=60 * n)) for n in (1, 2, 3)]
    change_rule(LEAD, made[0].id, RuleIn("escalate", region="EU", after_seconds=7200))
    raise_rule(LEAD, made[2].id)
    raise_rule(LEAD, made[0].id)
    remove_rule(LEAD, made[1].id)
    rows = CaseRule.objects.order_by("position").values_list("id", "position", "after_seconds")
    assert list(rows) == [(made[0].id, 1, 7200), (made[2].id, 2, 180)]
    changes = Event.objects.filter(type="case_rule.changed").order_by("position").values_list("data__change", flat=True)
    assert list(changes) == ["made", "made", "made", "changed", "moved", "removed"]
    with pytest.raises(Invalid):
        change_rule(LEAD, made[0].id, RuleIn("group", title="x", system="y"))
    with pytest.raises(NotFound):
        remove_rule(LEAD, uuid7())


@pytest.mark.parametrize("actor", [worker(), reader(), worker("EU", manages=True)])
def test_who_may_not_make_rules_for_everywhere(actor: Actor) -> None:
    made = make_rule(LEAD, RuleIn("escalate", after_seconds=3600))
    commands: list[Any] = [
        lambda: make_rule(actor, RuleIn("escalate", after_seconds=60)),
        lambda: change_rule(actor, made.id, RuleIn("escalate", after_seconds=60)),
        lambda: raise_rule(actor, made.id),
        lambda: remove_rule(actor, made.id),
    ]
    for command in commands:
        with pytest.raises((Denied, DomainError)):
            command()
    assert list(CaseRule.objects.values_list("after_seconds", flat=True)) == [3600]


def test_a_lead_of_a_region_rules_there() -> None:
    local = worker("EU", manages=True)
    make_rule(local, RuleIn("escalate", region="EU", after_seconds=3600))
    with pytest.raises(Denied):
        make_rule(local, RuleIn("escalate", region="US", after_seconds=3600))
    assert CaseRule.objects.get().region == "EU"

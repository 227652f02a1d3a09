"""Counts in one statement: those of Django, of each scope and each moment, rendered once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet

from retailops.accounts.actor import Actor, Grant, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, Case
from retailops.events.prepared_counts import PreparedCounts
from retailops.lib.clock import now
from retailops.lib.keyset import capped_count
from tests.cases.making import opened, worker
from tests.statements import statements

pytestmark = pytest.mark.django_db


def seen(actor: Actor) -> QuerySet[Case]:
    return Case.objects.filter(scope_q(actor, Permission.CASES_VIEW))


def test_counts_are_those_of_the_queries_as_of_the_moment() -> None:
    late, early = opened(due_at=now() - timedelta(hours=1)), opened(due_at=now() + timedelta(hours=1))
    counts = PreparedCounts(lambda actor, at, some: {
        "late": seen(actor).filter(due_at__lt=at), "some": seen(actor).filter(pk__in=some), "all": seen(actor),
        "none": seen(actor).filter(pk__in=[]),
    }, 10)  # fmt: skip
    for at, some, expected in (
        (now(), [], {"late": 1, "some": 0, "all": 2, "none": 0}),
        (now() + timedelta(hours=2), [late.pk], {"late": 2, "some": 1, "all": 2, "none": 0}),
        (now() - timedelta(hours=2), [late.pk, early.pk, uuid4()], {"late": 0, "some": 2, "all": 2, "none": 0}),
    ):
        with statements() as told:
            assert counts.of(worker(), at, some) == expected
        assert len(told) == 1


def test_each_scope_counts_its_own_and_nobody_anothers() -> None:
    opened("EU"), opened("EU"), opened("US")
    strange = Grant(frozenset({Permission.CASES_VIEW}), frozenset({"it's 100 % %s $1 \\", "EU"}))
    counts = PreparedCounts(lambda actor: {"all": seen(actor)}, 10)
    persons = {
        worker(): 3, worker("EU"): 2, worker("US"): 1, worker("EU", "US"): 3, worker("FR"): 0,
        Actor("user", str(uuid4()), "No grant"): 0, Actor("user", str(uuid4()), "Strange", (strange,)): 2,
    }  # fmt: skip
    for _ in range(2):
        assert {person: counts.of(person)["all"] for person in persons} == persons
    assert len(counts._known) == len(persons)


def test_beyond_its_limit_it_counts_one_more() -> None:
    for _ in range(4):
        opened()
    for limit, expected in ((2, 3), (3, 4), (4, 4), (9, 4)):
        assert PreparedCounts(lambda actor: {"all": seen(actor)}, limit).of(worker()) == {"all": expected}
        assert capped_count(seen(worker()), limit) == expected


def test_the_same_statement_serves_another_person() -> None:
    counts = PreparedCounts(lambda actor: {
        "own": Approval.objects.filter(requested_by=actor.key), "held": Case.objects.filter(owner=actor.id),
    }, 10)  # fmt: skip
    first, second = worker(), worker()
    for actor in (first, second, first):
        Approval.objects.create(
            kind="x", subject_type="return", subject_id=uuid4(), correlation_id=uuid4(), bound_to="x", reason="x",
            requested_by=actor.key, expires_at=now(),
        )  # fmt: skip
    assert [counts.of(actor) for actor in (first, second, worker())] == [
        {"own": 2, "held": 0}, {"own": 1, "held": 0}, {"own": 0, "held": 0}
    ]  # fmt: skip
    assert len(counts._known) == 1


def test_without_queries_nothing_is_asked() -> None:
    with statements() as told:
        assert PreparedCounts(lambda actor: {}, 10).of(worker()) == {}
    assert told == []


def test_what_would_be_kept_from_the_first_time_is_refused() -> None:
    def refused(build: Any, *values: Any) -> str:
        with pytest.raises(TypeError) as told:
            PreparedCounts(build, 10).of(worker(), *values)
        return str(told.value)

    assert "it does not ask for it" in refused(lambda actor: {"late": Case.objects.filter(due_at__lt=now())})
    assert "it does not ask for it" in refused(lambda actor, at: {"late": _due(at + timedelta(hours=1))}, now())
    assert "was changed" in refused(lambda actor: {"own": Case.objects.filter(title__contains=actor.id)})
    assert "cannot be given a float" in refused(lambda actor, share: {}, 0.5)


def _due(at: datetime) -> QuerySet[Case]:
    return Case.objects.filter(due_at__lt=at)

"""Cases of every kind, drawn by chance, so that figures over them can be held against plain ones."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseGroup, CaseQueue, CaseStatus, GroupState
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

REGIONS, BRANDS = ("EU", "US", "UK", ""), ("north", "acme")
SCOPES = (
    (Grant(frozenset({Permission.CASES_VIEW})),),
    (Grant(frozenset({Permission.CASES_VIEW}), frozenset({"US"})),),
    (Grant(frozenset({Permission.CASES_VIEW}), frozenset({"EU", "UK"}), frozenset({"north"})),),
    (
        Grant(frozenset({Permission.CASES_VIEW}), frozenset({"EU"}), frozenset({"acme"})),
        Grant(frozenset({Permission.CASES_VIEW, Permission.CASES_WORK}), brands=frozenset({"north"})),
        Grant(frozenset({Permission.RETURNS_VIEW})),
    ),
    (Grant(frozenset({Permission.CASES_VIEW}), frozenset({"nowhere"})),),
    (Grant(frozenset({Permission.RETURNS_VIEW})),),
    (),
)


def seers(person: User) -> list[Actor]:
    """Return actors who see everything, parts, or nothing; all of them are this person."""
    return [Actor("user", str(person.id), "Sam", grants) for grants in SCOPES]


def scatter(count: int, seed: int, owners: Sequence[User] = (), at: datetime | None = None) -> list[Case]:
    """Write so many cases of a dozen causes, opened within three weeks before `at` (now), some a day later."""
    chance, at = Random(seed), at or now()
    stories, customers = [uuid7() for _ in range(count // 3 + 1)], [uuid7() for _ in range(count // 6 + 1)]
    groups = CaseGroup.objects.bulk_create(_group(chance, owners, at, number) for number in range(12))
    return Case.objects.bulk_create(
        _case(chance, owners, at, chance.choice(groups), stories, customers) for _ in range(count)
    )


def _group(chance: Random, owners: Sequence[User], at: datetime, number: int) -> CaseGroup:
    state = chance.choice([*GroupState.values, GroupState.ONGOING])
    return CaseGroup(
        fingerprint=f"scattered-{uuid7()}", queue=chance.choice(CaseQueue.values), kind="delivery.dead",
        title=f"Cause {number}", state=state, owner=chance.choice([None, *owners]),
        ignored_until=at + timedelta(days=1) if state == GroupState.IGNORED else None,
    )  # fmt: skip


def _case(
    chance: Random, owners: Sequence[User], at: datetime, group: CaseGroup, stories: list[UUID], customers: list[UUID]
) -> Case:
    ended: dict[str, Any] = {}
    if chance.random() < 0.3:
        ended = {
            "status": CaseStatus.RESOLVED, "resolved_at": at, "resolved_by": "system:test", "resolution_reason": "Done"
        }  # fmt: skip
    return Case(
        group=group, dedupe_key=f"scattered:{uuid7()}", kind="delivery.dead", queue=group.queue, title="Refused",
        subject_type="return", subject_id=uuid7(), correlation_id=chance.choice(stories),
        # A story need not be of one customer, nor every case of a story know its customer.
        customer_id=chance.choice([None, None, *customers[:3], *stories[:3], chance.choice(customers)]),
        region=chance.choice(REGIONS), brand=chance.choice(BRANDS), channel=chance.choice(["web", "store", ""]),
        connection=chance.choice(["stripe", "netsuite", "It's 100 %"]), operation=chance.choice(["refund.create", ""]),
        failure_class=chance.choice(["business", "transient"]), failure_code=f"code_{chance.randrange(5)}",
        release=chance.choice(["stripe 1.1", "stripe 1.2", ""]),
        amount=chance.choice([None, 0, -50, chance.randrange(10**6)]),
        currency=chance.choice(["GBP", "EUR", "JPY", ""]), owner=chance.choice([None, None, *owners]),
        opened_at=at - timedelta(seconds=chance.randrange(-86_400, 21 * 86_400)), last_seen_at=at,
        due_at=chance.choice([None, at + timedelta(seconds=chance.randrange(-86_400, 86_400))]),
        snoozed_until=chance.choice([None, None, at + timedelta(seconds=chance.randrange(-86_400, 86_400))]), **ended,
    )  # fmt: skip

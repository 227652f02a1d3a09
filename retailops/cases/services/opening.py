"""Open a case, or let the open one of the same trouble occur once more."""

import hashlib
from dataclasses import replace

from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.cases.events import CaseOpened, CaseRecurred
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupState
from retailops.cases.telling import tell_case
from retailops.lib.clock import now

LONGEST_TITLE = 200


@transaction.atomic
def open_case(actor: Actor, case: CaseIn) -> Case:
    """Return the open case of this trouble: a new one (case.opened), or the old one with one occurrence more.

    Opening needs no permission: it is the consequence of something that the actor was allowed to do. The group is
    locked first, then the case.
    """
    case = replace(case, fingerprint=case.fingerprint or _fingerprint(case), title=case.title[:LONGEST_TITLE])
    group = _group(case)
    found = _open_one(case)
    if found is not None:
        return _recur(found, case, actor)
    try:
        with transaction.atomic():
            opened = _create(case, group)
    except IntegrityError:  # another transaction opened the same one a moment ago, in another group
        found = _open_one(case)
        if found is None:
            raise
        return _recur(found, case, actor)
    tell_case(CaseOpened, opened, actor, cause=case.cause)
    return opened


def _fingerprint(case: CaseIn) -> str:
    return hashlib.sha256("\x1f".join((case.kind, case.system, case.operation)).encode()).hexdigest()[:32]


def _open_one(case: CaseIn) -> Case | None:
    return Case.objects.select_for_update().filter(dedupe_key=case.dedupe_key, status=CaseStatus.OPEN).first()


def _group(case: CaseIn) -> CaseGroup:
    """Return the locked group: a resolved one that is seen again has regressed, a new one is ongoing."""
    fresh = CaseGroup(
        fingerprint=case.fingerprint,
        queue=case.queue,
        kind=case.kind,
        title=(case.group_title or case.title)[:LONGEST_TITLE],
        system=case.system,
        operation=case.operation,
    )
    CaseGroup.objects.bulk_create([fresh], ignore_conflicts=True)
    group = CaseGroup.objects.select_for_update().get(fingerprint=case.fingerprint)
    if group.pk != fresh.pk:
        after = {GroupState.RESOLVED: GroupState.REGRESSED, GroupState.NEW: GroupState.ONGOING}
        group.state = after.get(GroupState(group.state), group.state)
        group.last_seen_at = now()
        group.save(update_fields=["state", "last_seen_at"])
    return group


def _create(case: CaseIn, group: CaseGroup) -> Case:
    subject, money = case.subject, case.money
    return Case.objects.create(
        group=group,
        dedupe_key=case.dedupe_key,
        kind=case.kind,
        queue=case.queue,
        title=case.title,
        detail=case.detail,
        next_action=case.next_action[:LONGEST_TITLE],
        subject_type=subject.type,
        subject_id=subject.id,
        correlation_id=subject.correlation_id,
        region=subject.region,
        brand=subject.brand,
        channel=subject.channel,
        delivery_id=case.delivery_id,
        amount=money.amount if money else None,
        currency=money.currency if money else "",
        evidence=case.evidence,
        due_at=case.due_at,
        owner=group.owner,
    )


def _recur(found: Case, case: CaseIn, actor: Actor) -> Case:
    found.occurrences += 1
    found.last_seen_at = now()
    found.detail = case.detail or found.detail
    found.evidence = found.evidence | case.evidence
    found.snoozed_until = None
    found.save(update_fields=["occurrences", "last_seen_at", "detail", "evidence", "snoozed_until"])
    tell_case(CaseRecurred, found, actor, cause=case.cause, occurrences=found.occurrences)
    return found

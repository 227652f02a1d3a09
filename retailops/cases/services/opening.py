"""Open a case, or let the open one of the same trouble occur once more."""

import hashlib
from dataclasses import replace

from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases.customers import customer_of
from retailops.cases.events import CaseOpened, CaseRecurred, GroupRegressed
from retailops.cases.group_states import STATE_FIELDS, see_again
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseGroup, CaseStatus
from retailops.cases.rules import ruled
from retailops.cases.services.group_memory import came_back
from retailops.cases.telling import note_group_change, tell_case, tell_group
from retailops.lib.clock import now

LONGEST_TITLE = 200


@transaction.atomic
def open_case(actor: Actor, case: CaseIn) -> Case:
    """Return the open case of this trouble: a new one (case.opened), or the old one with one occurrence more.

    Opening needs no permission: it is the consequence of something that the actor was allowed to do. The group is
    locked first, then the case.
    """
    case = replace(case, fingerprint=case.fingerprint or _fingerprint(case), title=case.title[:LONGEST_TITLE])
    case, owner = ruled(case)
    group = _group(case, actor)
    found = _open_one(case)
    if found is not None:
        return _recur(found, case, actor)
    try:
        with transaction.atomic():
            opened = _create(case, group, owner)
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


def _group(case: CaseIn, actor: Actor) -> CaseGroup:
    """Return the locked group, seen once more: a mended one has regressed, a new one is ongoing."""
    fresh = CaseGroup(
        fingerprint=case.fingerprint,
        queue=case.queue,
        kind=case.kind,
        title=(case.group_title or case.title)[:LONGEST_TITLE],
        system=case.system,
        operation=case.operation,
        connection=case.connection,
        failure_class=case.failure_class,
        failure_code=case.failure_code,
        state_by=actor.key,
    )
    CaseGroup.objects.bulk_create([fresh], ignore_conflicts=True)
    group = CaseGroup.objects.select_related("owner").select_for_update(of=("self",)).get(fingerprint=case.fingerprint)
    if group.pk != fresh.pk:
        _see_again(group, case, actor)
    return group


def _see_again(group: CaseGroup, case: CaseIn, actor: Actor) -> None:
    back = see_again(group, case, actor.key)
    group.save(update_fields=["last_seen_at", *STATE_FIELDS])
    if back is None:
        return
    if back is GroupRegressed:
        came_back(group)
    note_group_change(group, actor, "regressed" if back is GroupRegressed else "woke", group.state_reason)
    tell_group(back, group, actor, cause=case.cause)


def _create(case: CaseIn, group: CaseGroup, owner: User | None) -> Case:
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
        connection=case.connection,
        system=case.system,
        operation=case.operation,
        failure_class=case.failure_class,
        failure_code=case.failure_code,
        release=_release(case),
        customer_id=customer_of(subject.correlation_id),
        amount=money.amount if money else None,
        currency=money.currency if money else "",
        evidence=case.evidence,
        owner=owner,
    )


def _release(case: CaseIn) -> str:
    return f"{case.connection} {case.versions[0]}.{case.versions[1]}" if case.versions else ""


def _recur(found: Case, case: CaseIn, actor: Actor) -> Case:
    found.occurrences += 1
    found.last_seen_at = now()
    found.detail = case.detail or found.detail
    found.evidence = found.evidence | case.evidence
    found.snoozed_until = None
    found.release = _release(case) or found.release
    found.save(update_fields=["occurrences", "last_seen_at", "detail", "evidence", "snoozed_until", "release"])
    tell_case(CaseRecurred, found, actor, cause=case.cause, occurrences=found.occurrences)
    return found

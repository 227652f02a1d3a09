"""Work a group of cases: know of it, put it out of sight, answer for it, tag it, write on it."""

import re
from collections.abc import Iterable
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import mentions
from retailops.cases.access import access_group
from retailops.cases.events import (
    GroupAcknowledged,
    GroupAssigned,
    GroupFact,
    GroupIgnored,
    GroupNoted,
    GroupTagged,
    GroupTakenUp,
)
from retailops.cases.group_states import LIVE, STATE_FIELDS, ignore_until, move, waits_for
from retailops.cases.inputs import IgnoreIn
from retailops.cases.models import CaseGroup, GroupNote, GroupState
from retailops.cases.services.working import person_who_works, require_reason
from retailops.cases.telling import note_group_change, tell_group
from retailops.cases.work_models import LONGEST_TAG, MOST_TAGS
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import joins


@joins
def acknowledge_group(actor: Actor, group_id: UUID, reason: str) -> CaseGroup:
    """Say that somebody knows of the cause and deals with it; its cases stay as they are."""
    group = _whole(actor, group_id)
    require_reason(reason)
    move(group, "acknowledge", actor, reason)
    return _moved(group, actor, "acknowledged", reason, GroupAcknowledged)


@joins
def ignore_group(actor: Actor, group_id: UUID, until: IgnoreIn, reason: str) -> CaseGroup:
    """Put the group and its cases out of sight until the first of what is named.

    Raises Invalid where nothing is named, a time that is past, or a count or amount that is not positive.
    """
    group = _whole(actor, group_id)
    require_reason(reason)
    _check(until)
    move(group, "ignore", actor, reason)
    ignore_until(group, until)
    group.save(update_fields=STATE_FIELDS)
    note_group_change(group, actor, "ignored", f"Until {waits_for(group)}: {reason}")
    tell_group(
        GroupIgnored, group, actor, reason=reason, until=until.until.isoformat() if until.until else "",
        count=until.count, amount=until.money.amount if until.money else None, currency=group.ignore_currency,
    )  # fmt: skip
    return group


def _check(until: IgnoreIn) -> None:
    faults = []
    if until.until is None and until.count is None and until.money is None:
        faults.append(FieldError("/until", "name a time, a count or an amount"))
    if until.until is not None and until.until <= now():
        faults.append(FieldError("/until", "must lie in the future"))
    if until.count is not None and until.count < 1:
        faults.append(FieldError("/count", "must be at least 1"))
    if until.money is not None and until.money.amount < 1:
        faults.append(FieldError("/amount", "must be more than nothing"))
    if faults:
        raise Invalid("Say until when it is to be ignored.", errors=faults)


@joins
def take_up_group(actor: Actor, group_id: UUID, reason: str, *, to: GroupState = GroupState.ONGOING) -> CaseGroup:
    """Bring back a group that was acknowledged or ignored: as ongoing, or to the live state that it was in before.

    Raises Invalid for a state that is not live.
    """
    group = _whole(actor, group_id)
    require_reason(reason)
    if to not in LIVE:
        raise Invalid("It can be taken up into a live state alone.", errors=[FieldError("/to", "must be live")])
    move(group, "take up", actor, reason, to=to)
    return _moved(group, actor, "taken_up", reason, GroupTakenUp)


def _moved(group: CaseGroup, actor: Actor, kind: str, reason: str, told: type[GroupFact]) -> CaseGroup:
    group.save(update_fields=STATE_FIELDS)
    note_group_change(group, actor, kind, reason)
    tell_group(told, group, actor, reason=reason)
    return group


@joins
def assign_group(actor: Actor, group_id: UUID, owner_id: UUID | None) -> CaseGroup:
    """Let a person answer for the group, or nobody (None): its cases without an owner of their own count as theirs.

    Raises Invalid for an unknown person.
    """
    group = _whole(actor, group_id)
    owner = person_who_works(owner_id)
    group.owner = owner
    group.save(update_fields=["owner"])
    note_group_change(group, actor, "assigned", f"Assigned to {owner}" if owner else "Assigned to nobody")
    tell_group(GroupAssigned, group, actor, owner=str(owner.id) if owner else "")
    return group


@joins
def tag_group(actor: Actor, group_id: UUID, tags: Iterable[str]) -> CaseGroup:
    """Give the group these tags, in place of those that it has. Raises Invalid for a tag of other than words."""
    group = access_group(actor, group_id, Permission.CASES_WORK, lock=True)
    wanted = sorted({" ".join(tag.lower().split()) for tag in tags} - {""})
    wrong = [tag for tag in wanted if len(tag) > LONGEST_TAG or not re.fullmatch(r"[\w .:/-]+", tag)]
    if wrong or len(wanted) > MOST_TAGS:
        detail = f"At most {MOST_TAGS} tags of letters, digits and - . : / with {LONGEST_TAG} characters each."
        raise Invalid(detail, errors=[FieldError("/tags", detail)])
    if wanted == group.tags:
        return group
    group.tags = wanted
    group.save(update_fields=["tags"])
    note_group_change(group, actor, "tagged", f"Tags: {', '.join(wanted)}" if wanted else "No tags any more")
    tell_group(GroupTagged, group, actor, tags=tuple(wanted))
    return group


@joins
def note_group(actor: Actor, group_id: UUID, text: str) -> GroupNote:
    """Write a note; whom it names with @ finds it on Today.

    Raises Invalid for an empty one, and for one that names people who may not see the group.
    """
    group = access_group(actor, group_id, Permission.CASES_WORK, lock=True)
    if not text.strip():
        raise Invalid("Write something.", errors=[FieldError("/text", "must not be empty")])
    people = mentions.people_in(text)
    mentions.require_readers(people, group=group)
    note = note_group_change(group, actor, "note", text.strip())
    mentions.mention(people, group_note=note)
    tell_group(GroupNoted, group, actor)
    return note


def _whole(actor: Actor, group_id: UUID) -> CaseGroup:
    return access_group(actor, group_id, Permission.CASES_WORK, lock=True, whole=True)

"""Take back a note that one wrote oneself, for a short time; that there was one stays in the history."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_case, access_group
from retailops.cases.events import CaseNoteTakenBack, GroupNoteTakenBack
from retailops.cases.models import CaseNote, GroupNote
from retailops.cases.telling import tell_case, tell_group
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, hidden
from retailops.lib.joining import joins

# Seconds for which a note may be taken back: as long as what a message offers to undo.
TAKEN_BACK_WITHIN = 900
NOTE = "note"


def may_take_back(actor: Actor, note: CaseNote | GroupNote) -> bool:
    """Tell whether the actor wrote the note so lately that it may be taken back."""
    return note.actor == actor.key and note.kind == NOTE and note.taken_back_at is None and not _too_late(note)


def _too_late(note: CaseNote | GroupNote) -> bool:
    return (now() - note.at).total_seconds() > TAKEN_BACK_WITHIN


@joins
def take_back_case_note(actor: Actor, case_id: UUID, note_id: int) -> CaseNote:
    """Take a note on a case back: its words are shown to nobody any more, and whom it names is not called.

    Raises NotFound, Denied for anybody but its author, Conflict where it was taken back already or is too old.
    """
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    note = CaseNote.objects.filter(case=case, pk=note_id, kind=NOTE).first()
    if note is None:
        raise hidden()
    _require_own(actor, note, case.region, case.brand)
    _take_back(note)
    tell_case(CaseNoteTakenBack, case, actor, note=note.pk)
    return note


@joins
def take_back_group_note(actor: Actor, group_id: UUID, note_id: int) -> GroupNote:
    """Take a note on a group back. Raises as `take_back_case_note` does."""
    group = access_group(actor, group_id, Permission.CASES_WORK, lock=True)
    note = GroupNote.objects.filter(group=group, pk=note_id, kind=NOTE).first()
    if note is None:
        raise hidden()
    _require_own(actor, note)
    _take_back(note)
    tell_group(GroupNoteTakenBack, group, actor, note=note.pk)
    return note


def _require_own(actor: Actor, note: CaseNote | GroupNote, region: str = "", brand: str = "") -> None:
    if note.actor != actor.key:
        raise Denied("Only who wrote a note takes it back.", region=region, brand=brand)


def _take_back(note: CaseNote | GroupNote) -> None:
    if note.taken_back_at is not None:
        raise Conflict("The note was taken back already.")
    if _too_late(note):
        raise Conflict("It is too long ago to be taken back: write another note.")
    note.taken_back_at = now()
    note.save(update_fields=["taken_back_at"])

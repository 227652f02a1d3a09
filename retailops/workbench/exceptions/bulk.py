"""What is done with several items at once: each by its own command, in its own transaction, with its own result."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import Step
from retailops.cases import services
from retailops.cases.access import access_case
from retailops.cases.models import Case, GroupState
from retailops.lib.errors import Conflict, DomainError
from retailops.lib.ids import parse_uuid
from retailops.workbench.exceptions.forms import OwnerForm, WhyForm
from retailops.workbench.exceptions.reversing import case_given, case_put_off
from retailops.workbench.forms import NoteForm, ResolveForm, SnoozeForm

# More than one page of a list is nobody's selection by eye.
MOST = 200
# More than this is sent again by a plan alone: verdicts of each, a canary, a stop rule.
MOST_SENT = 25


@dataclass(frozen=True)
class Bulk:
    """One command on several items; `permission` is what it takes, `most` how many it takes at once."""

    label: str
    consequence: str
    form: type[forms.Form]
    run: Callable[[Actor, Case, Any], str]
    key: str = ""
    permission: str = Permission.CASES_WORK
    most: int = MOST
    # It opens its own transactions, for it asks other systems.
    alone: bool = False
    # What takes it back, from a case as it was before and as it is afterwards; none where that is not safe.
    reverse: Callable[[Case, Case], Step] | None = None


@dataclass(frozen=True)
class Result:
    """What came of one item."""

    case: Case
    done: bool
    told: str
    undo: Step | None = None


def _assign(actor: Actor, case: Case, form: Any) -> str:
    owner = form.cleaned_data["owner"]
    services.assign_case(actor, case.id, owner.id if owner else None)
    return f"Assigned to {owner}." if owner else "Nobody owns it now."


def _acknowledge(actor: Actor, case: Case, form: Any) -> str:
    group = case.group
    group.refresh_from_db(fields=["state"])
    if group.state == GroupState.ACKNOWLEDGED:  # by the item before, of the same cause
        return "Its cause is acknowledged."
    services.acknowledge_group(actor, group.id, form.cleaned_data["reason"])
    return "Its cause is acknowledged."


def _ignore(actor: Actor, case: Case, form: Any) -> str:
    services.snooze_case(actor, case.id, form.until(), form.cleaned_data["reason"])
    return "Out of sight until then."


def _resolve(actor: Actor, case: Case, form: Any) -> str:
    evidence = {"reference": form.cleaned_data["evidence"]}
    services.resolve_case(actor, case.id, form.cleaned_data["reason"], evidence)
    return "Resolved."


def _note(actor: Actor, case: Case, form: Any) -> str:
    services.note_case(actor, case.id, form.cleaned_data["text"])
    return "Noted."


def _send(actor: Actor, case: Case, form: Any) -> str:
    if case.delivery_id is None:
        raise Conflict("It is about no delivery: there is nothing to send.")
    verdict = services.replay_with_word(actor=actor, delivery_id=case.delivery_id, reason=form.cleaned_data["reason"])
    return verdict.why


BULK: Mapping[str, Bulk] = {
    "assign": Bulk(
        "Assign",
        "Each of them gets this owner.",
        OwnerForm,
        _assign,
        "a",
        reverse=lambda before, after: case_given(before, after.owner_id),
    ),
    "acknowledge": Bulk(
        "Acknowledge",
        "Their causes are acknowledged, with all cases of each: others see that somebody deals with them.",
        WhyForm,
        _acknowledge,
    ),
    "ignore": Bulk(
        "Ignore until",
        "They leave the list until then. Each comes back before, if the same trouble is seen again.",
        SnoozeForm,
        _ignore,
        "i",
        reverse=lambda _, after: case_put_off(after),
    ),
    "resolve": Bulk(
        "Resolve",
        "Each of them ends with this reason. Nothing is sent for those whose delivery has stopped.",
        ResolveForm,
        _resolve,
        "d",
    ),
    "note": Bulk("Note", "Each of them gets this note.", NoteForm, _note, "n"),
    "send": Bulk(
        "Send again",
        "Each is looked up first: what is there already is marked as done, and only what is safe is sent.",
        WhyForm,
        _send,
        "r",
        Permission.DELIVERIES_REPLAY,
        MOST_SENT,
        alone=True,
    ),
}


def chosen(actor: Actor, ids: Iterable[str]) -> list[Case]:
    """Return the cases that were selected and that the actor may see, in the order of their selection."""
    wanted = [id for text in ids if (id := parse_uuid(text)) is not None][: MOST + 1]
    rows = Case.objects.select_related("group", "owner").filter(scope_q(actor, Permission.CASES_VIEW), pk__in=wanted)
    found: dict[UUID, Case] = {case.id: case for case in rows}
    return [found[id] for id in dict.fromkeys(wanted) if id in found]


def refusal(bulk: Bulk, cases: Sequence[Case]) -> str:
    """Say why the command is not possible for so many, or for none; "" where it is."""
    if not cases:
        return "Nothing is selected: mark the rows first."
    if len(cases) <= bulk.most:
        return ""
    if bulk.permission == Permission.DELIVERIES_REPLAY:
        return (
            f"{len(cases)} are selected. More than {bulk.most} are sent again by a plan alone: it looks each up, "
            "begins with a few and stops by itself."
        )
    return f"{len(cases)} are selected; at most {bulk.most} at once."


def run(actor: Actor, bulk: Bulk, cases: Sequence[Case], form: forms.Form) -> list[Result]:
    """Run the command on each case; what is refused for one stops no other."""
    return [_one(actor, bulk, case, form) for case in cases]


def _one(actor: Actor, bulk: Bulk, case: Case, form: forms.Form) -> Result:
    try:
        if bulk.alone:
            return Result(case, True, bulk.run(actor, case, form))
        with transaction.atomic(durable=True):
            before = access_case(actor, case.id, bulk.permission)
            told = bulk.run(actor, case, form)
            back = bulk.reverse(before, Case.objects.get(pk=case.pk)) if bulk.reverse else None
            return Result(case, True, told, back)
    except DomainError as refused:
        return Result(case, False, " ".join([refused.detail, *(fault.detail for fault in refused.errors)]))

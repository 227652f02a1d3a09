"""What a person does with a cause as a whole: the words, the form and the command of each step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from retailops.accounts.actor import Actor
from retailops.accounts.undo import Step
from retailops.cases import services
from retailops.cases.group_states import refusal
from retailops.cases.models import CaseGroup, GroupState
from retailops.replays.models import BulkOperation
from retailops.replays.services import AT_ONCE
from retailops.replays.working import advance
from retailops.workbench.exceptions.forms import IgnoreForm, MendedForm, OwnerForm, TagsForm, WhyForm
from retailops.workbench.exceptions.reversing import group_given, group_moved, group_tagged

PATIENCE_SECONDS = 4.0


def _nothing(group: CaseGroup) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class GroupStep:
    """One such command. `verb` is its move in the group's life, if it is one; `key` its key on the keyboard."""

    label: str
    consequence: str
    done: str
    form: type[forms.Form]
    run: Callable[[Actor, CaseGroup, Any], object]
    verb: str = ""
    icon: str = ""
    key: str = ""
    initial: Callable[[CaseGroup], dict[str, Any]] = _nothing
    # The words of its button, where they are not its label.
    act: str = ""
    # What takes it back, from the cause as it was before and as it is afterwards; none where that is not safe.
    reverse: Callable[[CaseGroup, CaseGroup], Step] | None = None

    def why_not(self, group: CaseGroup) -> str:
        """Say why not now; "" where it may be done. The command checks again."""
        return refusal(group, self.verb) if self.verb else ""


def _owner(actor: Actor, group: CaseGroup, form: Any) -> object:
    owner = form.cleaned_data["owner"]
    return services.assign_group(actor, group.id, owner.id if owner else None)


def ending_of_cases(group: CaseGroup) -> BulkOperation | None:
    """Return the operation that has just begun to end the cases of a mended cause; a few are done before it returns.

    None where the cause is not mended, or its cases do not end with it.
    """
    ending = group.endings.order_by("-at", "-pk").first()
    if ending is None or ending.came_back_at or not ending.operation_id:
        return None
    operation = BulkOperation.objects.get(pk=ending.operation_id)
    if operation.total <= AT_ONCE:
        advance(operation.id, seconds=PATIENCE_SECONDS)
        operation.refresh_from_db()
    return operation


def _resolve(actor: Actor, group: CaseGroup, form: Any) -> object:
    given = form.cleaned_data
    return services.resolve_group(
        actor, group.id, given["reason"], {"reference": given["evidence"]}, in_version=given["in_version"],
        end_cases=given["end_cases"],
    )  # fmt: skip


STEPS: Mapping[str, GroupStep] = {
    "acknowledge": GroupStep(
        "Acknowledge",
        "Others see that somebody knows of it and deals with it. Nothing is hidden; new cases do not change that.",
        "Acknowledged.",
        WhyForm,
        lambda actor, group, form: services.acknowledge_group(actor, group.id, form.cleaned_data["reason"]),
        "acknowledge",
        "check",
        "",
        reverse=group_moved,
    ),
    "ignore": GroupStep(
        "Ignore until",
        "The cause and its cases leave the lists until the first of these comes. Nothing is given up: money stays at "
        "risk, and it is back by itself.",
        "Ignored; it comes back by itself.",
        IgnoreForm,
        lambda actor, group, form: services.ignore_group(actor, group.id, form.until(), form.cleaned_data["reason"]),
        "ignore",
        "clock",
        "i",
        reverse=group_moved,
    ),
    "take-up": GroupStep(
        "Take up again",
        "The cause is among those that are worked again, with all its cases.",
        "It is worked again.",
        WhyForm,
        lambda actor, group, form: services.take_up_group(actor, group.id, form.cleaned_data["reason"]),
        "take up",
        "arrow-uturn-left",
        reverse=group_moved,
    ),
    "resolve": GroupStep(
        "Mended",
        "The cause is gone. Its cases end each as its delivery gets through. If it is seen again in the version that "
        "mended it, or a later one, it has regressed and is back.",
        "Mended; it is remembered how.",
        MendedForm,
        _resolve,
        "resolve",
        "check-circle",
        "d",
        act="Mark as mended",
    ),
    "assign": GroupStep(
        "Assign",
        "The person answers for the cause; its cases that nobody owns count as theirs.",
        "Assigned.",
        OwnerForm,
        _owner,
        "",
        "user",
        "a",
        lambda group: {"owner": group.owner_id},
        reverse=lambda before, after: group_given(before, after.owner_id),
    ),
    "tags": GroupStep(
        "Tags",
        "Tags stay with the cause, and are found by tag: in the query box.",
        "Tags kept.",
        TagsForm,
        lambda actor, group, form: services.tag_group(actor, group.id, form.wanted()),
        "",
        "tag",
        "",
        lambda group: {"tags": ", ".join(group.tags)},
        act="Keep tags",
        reverse=lambda before, after: group_tagged(before, after.tags),
    ),
}


@dataclass(frozen=True)
class OfferedStep:
    """A step as a page offers it: why it is disabled, or ""."""

    name: str
    step: GroupStep
    disabled: str


def offered(group: CaseGroup, may_work: bool, may_all: bool) -> list[OfferedStep]:
    """Return the steps that the person may take; what may not be taken now carries the reason.

    What a role may never do is left out; a move that makes no sense from here is, too.
    """
    if not may_work:
        return []
    beyond = "" if may_all else "It has cases of other regions or brands: somebody who works all of them must do this."
    found = []
    for name, step in STEPS.items():
        senseless = step.verb and step.why_not(group)
        if senseless and not (name == "resolve" and group.state != GroupState.RESOLVED):
            continue
        found.append(OfferedStep(name, step, "" if name == "tags" else beyond))
    return found

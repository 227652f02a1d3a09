"""What is done with several items at once: which are meant, what is asked, and the operation that does it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import Step
from retailops.cases.models import Case
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid, uuid7_at, uuid7_time
from retailops.lib.keyset import capped_count
from retailops.replays import case_commands as kinds
from retailops.replays.freezing import MOST_ITEMS, Selection
from retailops.replays.models import BulkOperation
from retailops.replays.services import AT_ONCE, do_to_many
from retailops.replays.working import advance
from retailops.workbench.exceptions.forms import OwnerForm, WhyForm
from retailops.workbench.exceptions.items import KEPT, narrowed
from retailops.workbench.exceptions.reversing import case_given, case_put_off, cause_acknowledged, last_noted
from retailops.workbench.forms import NoteForm, ResolveForm, SnoozeForm

PATIENCE_SECONDS = 4.0
SEND = "send"
Given = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Bulk:
    """One command on several items: its words, its form, and the kind of operation that it becomes.

    `given` returns of a valid form the reason and what the operation is to do; `permission` is what it takes.
    """

    label: str
    consequence: str
    form: type[forms.Form]
    kind: str
    given: Callable[[Any], Given]
    key: str = ""
    permission: str = Permission.CASES_WORK
    # What takes it back, from a case as it was before and as it is afterwards; none where that is not safe.
    reverse: Callable[[Case, Case], Step | None] | None = None


def _owner(form: Any) -> Given:
    owner = form.cleaned_data["owner"]
    return f"Assigned to {owner or 'nobody'}", {"owner": str(owner.id) if owner else ""}


def _why(form: Any) -> Given:
    return form.cleaned_data["reason"], {"reason": form.cleaned_data["reason"]}


def _until(form: Any) -> Given:
    reason = form.cleaned_data["reason"]
    return reason, {"until": form.until().isoformat(), "reason": reason}


def _ended(form: Any) -> Given:
    reason = form.cleaned_data["reason"]
    return reason, {"reason": reason, "evidence": form.cleaned_data["evidence"]}


def _note(form: Any) -> Given:
    return f"Note: {form.cleaned_data['text']}"[:300], {"text": form.cleaned_data["text"]}


BULK: Mapping[str, Bulk] = {
    "assign": Bulk(
        "Assign", "Each of them gets this owner.", OwnerForm, kinds.ASSIGN, _owner, "a",
        reverse=lambda before, after: case_given(before, after.owner_id),
    ),
    "acknowledge": Bulk(
        "Acknowledge",
        "Their causes are acknowledged, with all cases of each: others see that somebody deals with them.",
        WhyForm, kinds.ACKNOWLEDGE, _why,
        reverse=lambda before, after: cause_acknowledged(before.group, after.group),
    ),
    "ignore": Bulk(
        "Ignore until",
        "They leave the list until then. Each comes back before, if the same trouble is seen again.",
        SnoozeForm, kinds.IGNORE, _until, "i",
        reverse=lambda _, after: case_put_off(after),
    ),
    "resolve": Bulk(
        "Resolve",
        "Each of them ends with this reason. Nothing is sent for those whose delivery has stopped.",
        ResolveForm, kinds.RESOLVE, _ended, "d",
    ),
    "note": Bulk(
        "Note", "Each of them gets this note.", NoteForm, kinds.NOTE, _note, "n",
        reverse=lambda _, after: last_noted(after),
    ),
    # What is sent again is a plan, judged and run as any other.
    SEND: Bulk("Send again", "", WhyForm, "", _why, "r", Permission.DELIVERIES_REPLAY),
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The cases that are meant: the marked rows (`ids`), or all of the query that were there when it was shown."""

    rows: QuerySet[Case]
    total: int
    ids: list[UUID]
    filter: dict[str, str]
    cut_off: datetime | None = None
    since: str = ""
    # All of the query, newcomers too: the operation counts those.
    matching: QuerySet[Case] | None = None
    newcomers: int = 0

    @property
    def shown(self) -> list[Case]:
        """Return the first of them, to be looked at: marked rows in the order of their marking."""
        found = list(self.rows.select_related("group", "owner").order_by("-pk")[:AT_ONCE])
        order = {id: place for place, id in enumerate(self.ids)}
        return sorted(found, key=lambda case: order.get(case.pk, 0))

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Return the fields that carry the selection through a form."""
        if self.cut_off:
            return [("all", "1"), ("since", self.since)]
        return [("case", str(id)) for id in self.ids]

    @property
    def selection(self) -> Selection:
        """Return it as an operation takes it."""
        if self.cut_off:
            return Selection(rows=self.matching, filter=self.filter, cut_off=self.cut_off)
        return Selection(ids=self.ids, filter=self.filter)

    @property
    def refusal(self) -> str:
        """Say why nothing is possible with so many, or with none; "" where it is."""
        if not self.total:
            return "Nothing is selected: mark the rows first."
        if self.total > MOST_ITEMS:
            return f"More than {MOST_ITEMS:,} match: narrow the query."
        return ""


def chosen(actor: Actor, given: QueryDict, permission: str) -> Chosen:
    """Return the cases that are meant, as far as the actor may see them (of a query: may work them)."""
    since = parse_uuid(given.get("since", ""))
    if given.get("all") and since:
        return _all(actor, given, min(since, uuid7_at(now())), permission)
    wanted = [id for text in given.getlist("case") if (id := parse_uuid(text)) is not None][: MOST_ITEMS + 1]
    rows = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW), pk__in=wanted)
    there = set(rows.values_list("pk", flat=True))
    ids = [id for id in dict.fromkeys(wanted) if id in there]
    return Chosen(rows, len(ids), ids, {"selected": str(len(ids))})


def _all(actor: Actor, given: QueryDict, since: UUID, permission: str) -> Chosen:
    found = narrowed(actor, given).rows.filter(scope_q(actor, permission))
    rows = found.filter(pk__lt=since)
    told = {key: str(given[key]) for key in KEPT if key in ("tab", "q") and given.get(key)}
    return Chosen(
        rows, capped_count(rows, MOST_ITEMS), [], told, uuid7_time(since), str(since),
        found,
        capped_count(found.filter(pk__gte=since), 99),
    )  # fmt: skip


def run(actor: Actor, bulk: Bulk, cases: Chosen, form: forms.Form, operation_id: UUID | None) -> BulkOperation:
    """Begin the operation; a few are done before it returns. Raises as `do_to_many` does.

    `operation_id` was made with the form: the same form sent twice is one operation.
    """
    reason, given = bulk.given(form)
    with transaction.atomic(durable=True):
        operation = do_to_many(actor, bulk.kind, cases.selection, reason, given, operation_id=operation_id)
    if operation.total <= AT_ONCE:
        advance(operation.id, seconds=PATIENCE_SECONDS)
        operation.refresh_from_db()
    return operation


def ways_back(bulk: Bulk, before: Sequence[Case], worked: Collection[UUID]) -> list[Step]:
    """Return what takes the command back from those of the cases, as they were before, on which it was done."""
    if bulk.reverse is None:
        return []
    after = Case.objects.select_related("group").in_bulk([case.pk for case in before if case.pk in worked])
    found = [bulk.reverse(case, after[case.pk]) for case in before if case.pk in after]
    # Cases of one cause share the step that takes back what was done with the cause.
    return [step for place, step in enumerate(found) if step is not None and step not in found[:place]]

"""The reverse of what is done with cases, causes and views: what a message offers to undo."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import Step, require_same, undoes
from retailops.cases import services
from retailops.cases.access import access_case, access_group
from retailops.cases.group_states import LIVE
from retailops.cases.inputs import IgnoreIn, RuleIn, ViewIn
from retailops.cases.models import Case, CaseGroup, CaseNote, CaseRule, GroupNote, GroupState, SavedView
from retailops.cases.rules import FIELDS
from retailops.lib.money import Money

WHY = "Undone"


def case_given(case: Case, left: UUID | None) -> Step:
    """Return what gives the case back to whom it belonged; `left` is whose it was made."""
    return Step("case.give", {"case": str(case.id), "owner": _key(case.owner_id), "left": _key(left)})


@undoes("case.give")
def _give_case(actor: Actor, given: Mapping[str, Any]) -> None:
    case = access_case(actor, UUID(given["case"]), Permission.CASES_WORK, lock=True)
    require_same(given["left"], _key(case.owner_id))
    services.assign_case(actor, case.id, _id(given["owner"]))


def case_put_off(case: Case) -> Step:
    """Return what brings back a case that was just put off."""
    return Step("case.wake", {"case": str(case.id), "left": _moment(case.snoozed_until)})


@undoes("case.wake")
def _wake_case(actor: Actor, given: Mapping[str, Any]) -> None:
    case = access_case(actor, UUID(given["case"]), Permission.CASES_WORK, lock=True)
    require_same(given["left"], _moment(case.snoozed_until))
    services.wake_case(actor, case.id, WHY)


def case_noted(note: CaseNote) -> Step:
    """Return what takes back a note on a case that was just written."""
    return Step("case.note_back", {"case": str(note.case_id), "note": note.pk})


@undoes("case.note_back")
def _take_back_case_note(actor: Actor, given: Mapping[str, Any]) -> None:
    services.take_back_case_note(actor, UUID(given["case"]), given["note"])


def last_noted(case: Case) -> Step | None:
    """Return what takes back the last note on a case; its author alone may."""
    note = case.notes.filter(kind="note").order_by("-id").first()
    return case_noted(note) if note else None


def group_noted(note: GroupNote) -> Step:
    """Return what takes back a note on a cause that was just written."""
    return Step("group.note_back", {"group": str(note.group_id), "note": note.pk})


@undoes("group.note_back")
def _take_back_group_note(actor: Actor, given: Mapping[str, Any]) -> None:
    services.take_back_group_note(actor, UUID(given["group"]), given["note"])


def group_given(group: CaseGroup, left: UUID | None) -> Step:
    """Return what gives the cause back to whom it belonged; `left` is whose it was made."""
    return Step("group.give", {"group": str(group.id), "owner": _key(group.owner_id), "left": _key(left)})


@undoes("group.give")
def _give_group(actor: Actor, given: Mapping[str, Any]) -> None:
    group = access_group(actor, UUID(given["group"]), Permission.CASES_WORK, lock=True, whole=True)
    require_same(given["left"], _key(group.owner_id))
    services.assign_group(actor, group.id, _id(given["owner"]))


def group_tagged(group: CaseGroup, left: list[str]) -> Step:
    """Return what gives the cause its tags back; `left` are those that it was given."""
    return Step("group.tag", {"group": str(group.id), "tags": group.tags, "left": left})


@undoes("group.tag")
def _tag_group(actor: Actor, given: Mapping[str, Any]) -> None:
    group = access_group(actor, UUID(given["group"]), Permission.CASES_WORK, lock=True)
    require_same(given["left"], group.tags)
    services.tag_group(actor, group.id, given["tags"])


def group_moved(before: CaseGroup, after: CaseGroup) -> Step:
    """Return what puts the cause back where it was before it was acknowledged, ignored or taken up."""
    return Step(
        "group.put_back",
        {
            "group": str(before.id), "state": before.state, "reason": before.state_reason, "left": _stand(after),
            "until": _moment(before.ignored_until), "count": before.ignore_count_left,
            "amount": before.ignore_amount_left, "currency": before.ignore_currency,
        },
    )  # fmt: skip


def cause_acknowledged(before: CaseGroup, after: CaseGroup) -> Step | None:
    """Return the same of a cause that was acknowledged with its cases; none where it was before."""
    return None if before.state == GroupState.ACKNOWLEDGED else group_moved(before, after)


@undoes("group.put_back")
def _put_back(actor: Actor, given: Mapping[str, Any]) -> None:
    group = access_group(actor, UUID(given["group"]), Permission.CASES_WORK, lock=True, whole=True)
    require_same(given["left"], _stand(group))
    state, reason = GroupState(given["state"]), given["reason"] or WHY
    if group.state not in LIVE:
        services.take_up_group(actor, group.id, WHY, to=state if state in LIVE else GroupState.ONGOING)
    if state == GroupState.ACKNOWLEDGED:
        services.acknowledge_group(actor, group.id, reason)
    if state == GroupState.IGNORED:
        services.ignore_group(actor, group.id, _until(given), reason)


def _until(given: Mapping[str, Any]) -> IgnoreIn:
    money = Money(given["amount"], given["currency"]) if given["amount"] is not None else None
    return IgnoreIn(datetime.fromisoformat(given["until"]) if given["until"] else None, given["count"], money)


def view_removed(view: SavedView) -> Step:
    """Return what keeps the view again."""
    told = {"name": view.name, "query": view.query, "shown_to": view.shown_to, "role": view.role}
    return Step("view.keep", told)


@undoes("view.keep")
def _keep_view(actor: Actor, given: Mapping[str, Any]) -> None:
    there = SavedView.objects.filter(owner_id=UUID(actor.id), name=given["name"]).exists()
    require_same(False, there)
    services.save_view(actor, ViewIn(**given))


def rule_removed(rule: CaseRule) -> Step:
    """Return what makes the rule again, in its place."""
    owner = _key(rule.owner_id)
    told = {name: getattr(rule, name) for name in (*FIELDS, "words", "kind", "title", "after_seconds")}
    return Step("rule.make", {"rule": told | {"owner": owner}, "position": rule.position})


@undoes("rule.make")
def _make_rule(actor: Actor, given: Mapping[str, Any]) -> None:
    made = services.make_rule(actor, RuleIn(**{**given["rule"], "owner": _id(given["rule"]["owner"])}))
    while made.position > given["position"]:
        made = services.raise_rule(actor, made.id)


def _stand(group: CaseGroup) -> str:
    return f"{group.state} {_moment(group.state_at)}"


def _key(id: UUID | None) -> str:
    return str(id) if id else ""


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""

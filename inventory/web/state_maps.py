"""Pages of state maps: each source's, its versions, a change with its preview, and a second person's word on one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.inputs import MAPPABLE, StateMapIn, read
from inventory.models import SnapshotRow, StateMap, StateMapChange
from inventory.selectors import snapshots_visible_to, state_maps_in_force
from inventory.services import put_state_map
from inventory.services.map_preview import preview_state_map
from inventory.services.state_maps import changed, map_approval_of, spelled, state_map_of, waiting_change
from inventory.web.forms import ReasonForm, choices
from inventory.web.views import actor_of
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.cases.models import ApprovalStatus
from retailops.lib.errors import NotFound, hidden
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show

MANAGE = Permission.INVENTORY_MANAGE
NOT_OURS = "-"
EMPTY_ROWS, VERSIONS_SHOWN = 3, 50
VERDICTS = {"approve": "Approve change", "refuse": "Refuse change"}


class StateForm(forms.Form):
    """One state and what it means; without a meaning it is left out."""

    state = forms.CharField(max_length=64, required=False, label="State there")
    meaning = forms.ChoiceField(
        required=False, label="Means here",
        choices=[("", "Nothing: left out, with a case"), (NOT_OURS, "Not our stock"), *choices(*MAPPABLE)],
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A meaning needs its state."""
        data = super().clean() or {}
        if data.get("meaning") and not data.get("state"):
            self.add_error("state", "Which state?")
        return data


StateForms = forms.formset_factory(StateForm, extra=EMPTY_ROWS, max_num=200)


class ChangeForm(forms.Form):
    """Why, on which version, and whether it was looked at already."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=200,
        required=False,
        label="Reason",
        help_text="Needed where a meaning changes: a second person reads it.",
    )


@dataclass(frozen=True)
class Version:
    """A version with what it changed."""

    row: StateMap
    changes: list[tuple[str, str, str]]


@login_required
@require_GET
def map_list(request: HttpRequest) -> HttpResponse:
    """Show the map in force of each source; with `?source=` go on to that one's change."""
    actor = actor_of(request)
    if source := request.GET.get("source", "").strip().lower():
        return redirect("stock:map_change", source)
    rows = [(row, waiting_change(row.source)) for row in state_maps_in_force()]
    known = {row.source for row, _ in rows}
    unmapped = snapshots_visible_to(actor).exclude(source__in=known).order_by("source").distinct("source")
    context = {"rows": rows, "unmapped": [row.source for row in unmapped], "may_manage": _may_manage(actor)}
    return show(request, "stock/maps.html", context)


def _may_manage(actor: Actor) -> bool:
    """Tell whether the person may change maps: they hold in every region."""
    return can(actor, MANAGE, region="")


@login_required
@require_GET
def map_page(request: HttpRequest, source: str) -> HttpResponse:
    """Show a source's map: the meanings in force, the change that waits, states without a meaning, and its versions."""
    actor = actor_of(request)
    versions = list(StateMap.objects.filter(source=source).order_by("-version")[: VERSIONS_SHOWN + 1])
    if not versions:
        raise NotFound("There is no map of that source.")
    waiting = waiting_change(source)
    context = {
        "source": source,
        "present": versions[0],
        "states": sorted(versions[0].states.items()),
        "versions": _told_versions(versions)[:VERSIONS_SHOWN],
        "waiting": waiting,
        "wished": differences(versions[0].states, waiting.states) if waiting else [],
        "unmapped": _unmapped(actor, source, versions[0].states),
        "may_manage": _may_manage(actor),
    }
    return show(request, "stock/map.html", context)


def _told_versions(versions: list[StateMap]) -> list[Version]:
    former = [*versions[1:], None]
    pairs = zip(versions, former, strict=True)
    return [Version(row, differences(before.states if before else {}, row.states)) for row, before in pairs]


def differences(former: Mapping[str, str], states: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (state, meaning before, after) of what changes; "?" stands for no meaning, "" for not our stock."""
    names = sorted({*former, *states})
    pairs = [(name, former.get(name, "?"), states.get(name, "?")) for name in names]
    return [each for each in pairs if each[1] != each[2]]


def _unmapped(actor: Actor, source: str, states: Mapping[str, str]) -> list[str]:
    last = snapshots_visible_to(actor).filter(source=source).order_by("-as_of").values("id")[:20]
    told = SnapshotRow.objects.filter(snapshot__in=list(last.values_list("id", flat=True)))
    return sorted(set(told.values_list("state", flat=True).distinct()) - set(states))


@login_required
@require_http_methods(["GET", "POST"])
def map_change(request: HttpRequest, source: str) -> HttpResponse:
    """Ask what the states mean, show what that would make of the last counts, and bring it in."""
    actor, present = actor_of(request), state_map_of(source)
    require(actor, MANAGE, region="")
    states = present.states if present else {}
    form = ChangeForm(request.POST or None, initial={"based_on": present.version if present else 0})
    # What is sent says all of it: a row that equals the map in force is not one that was left empty.
    shown = None if request.method == "POST" else _initial(actor, source, states)
    rows = StateForms(request.POST or None, initial=shown, prefix="s")
    context: dict[str, Any] = {"source": source, "form": form, "rows": rows, "present": present}
    if request.method == "POST" and form.is_valid() & rows.is_valid():
        told = _told(form, rows)
        if told is not None:
            if request.POST.get("step") == "ask" and accepted(form, lambda: _put(actor, source, told, form)):
                return done(request, _page_of(source), _said(source))
            wished = spelled(told)
            context["previews"] = preview_state_map(actor, source, wished)
            context["changes"], context["second"] = differences(states, wished), bool(changed(states, wished))
            context["previewed"] = True
    return show(request, "stock/map_change.html", context, status=422 if form.errors or _faulty(rows) else 200)


def _faulty(rows: Any) -> bool:
    return bool(rows.is_bound and not rows.is_valid())


def _initial(actor: Actor, source: str, states: Mapping[str, str]) -> list[dict[str, str]]:
    known = [{"state": state, "meaning": meaning or NOT_OURS} for state, meaning in sorted(states.items())]
    return known + [{"state": state, "meaning": ""} for state in _unmapped(actor, source, states)]


def _told(form: ChangeForm, rows: Any) -> StateMapIn | None:
    given = [each for each in rows.cleaned_data if each.get("state") and each.get("meaning")]
    names = [each["state"].strip() for each in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        form.add_error(None, f"{', '.join(twice)} is given twice.")
    if not given:
        form.add_error(None, "Give at least one state its meaning.")
    if form.errors:
        return None
    meanings = {each["state"].strip(): None if each["meaning"] == NOT_OURS else each["meaning"] for each in given}
    return read(StateMapIn, {"states": meanings})


def _put(actor: Actor, source: str, told: StateMapIn, form: ChangeForm) -> None:
    given = form.cleaned_data
    put_state_map(actor=actor, source=source, told=told, reason=given["reason"], based_on=given["based_on"])


def _said(source: str) -> str:
    if waiting_change(source):
        return "Asked. It counts when a second person agrees, in Approvals."
    return "It counts from now on."


def _page_of(source: str) -> str:
    return reverse("stock:map", args=[source])


@login_required
@require_http_methods(["GET", "POST"])
def map_verdict(request: HttpRequest, change_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a change of a map, or give it; agreed, it counts at once."""
    actor = actor_of(request)
    row = StateMapChange.objects.filter(pk=change_id).first()
    asked = map_approval_of(row) if row else None
    if row is None or asked is None or verdict not in VERDICTS:
        raise hidden()
    approval = access_approval(actor, asked.id, Permission.APPROVALS_DECIDE)
    form, back = ReasonForm(request.POST or None), reverse("workbench:approvals")
    if request.method == "POST" and form.is_valid():
        command = cases.approve if verdict == "approve" else cases.refuse
        if accepted(form, lambda: command(actor, approval.id, form.cleaned_data["reason"])):
            return done(request, back, "Approved; it counts." if verdict == "approve" else "Refused; nothing changes.")
    former = StateMap.objects.get(source=row.source, version=row.based_on).states
    context = {
        "row": row, "approval": approval, "verdict": verdict, "title": VERDICTS[verdict], "form": form, "back": back,
        "own": approval.requested_by == actor.key, "changes": differences(former, row.states),
        "over": "" if approval.status == ApprovalStatus.REQUESTED else "It was decided already.",
        "previews": preview_state_map(actor, row.source, row.states),
    }  # fmt: skip
    return show(request, "stock/map_verdict.html", context, status=422 if form.errors else 200)

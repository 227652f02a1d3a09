"""Pages of people: list, one person, and the dialogs that change what somebody may do."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import EVERYWHERE, Actor, covers, require
from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.accounts.second_factor import has_second_factor
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.htmx import show
from retailops.lib.keyset import capped_count, keyset_page
from retailops.people.access import (
    MANAGE,
    access_person,
    access_rules,
    administrators_besides,
    why_not_grant,
    why_not_person,
)
from retailops.people.selectors import STANDINGS, find_people, story_of
from retailops.people.services.granting import grant_role, revoke_role
from retailops.people.services.inviting import invite_again, invite_person
from retailops.people.services.requiring import WHY_NOT, require_second_factor
from retailops.people.services.standing import deactivate_person, reactivate_person, reset_second_factor
from retailops.people.web.dialogs import Dialog, ask
from retailops.people.web.forms import GrantForm, InviteForm, ReasonForm, RequireForm

TABS = {"active": "Active", "invited": "Invited", "inactive": "Deactivated", "all": "All"}
LAST = "This is the last administrator: make another one first."


@login_required
@require_GET
def person_list(request: HttpRequest) -> HttpResponse:
    """Show the people of the query."""
    require(actor_of(request), MANAGE)
    text, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    tab = request.GET.get("tab", "") if request.GET.get("tab", "") in STANDINGS else "active"
    rows = find_people(text, role, tab)
    tabs = [(key, title, find_people(text, role, key).count(), key == tab) for key, title in TABS.items()]
    context = {
        "page": keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "total": capped_count(rows), "tabs": tabs, "text": text, "role": role, "roles": Role.choices,
        "needed": {str(Role(each).label): each for each in access_rules().second_factor_roles},
    }  # fmt: skip
    return show(request, "people/list.html", context, fragments={"people": "people/_list.html"})


@login_required
@require_GET
def person_detail(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show one person: roles, how they sign in, what happened."""
    actor = actor_of(request)
    person = access_person(actor, person_id)
    grants = list(person.grants.order_by("role", "id"))
    for grant in grants:
        grant.why_not = _why_not_revoke(actor, person, grant)  # type: ignore[attr-defined]  # what its row reads
    context = {
        "person": person, "grants": grants, "story": story_of(person.id), "why_not": why_not_person(actor, person),
        "why_not_out": why_not_person(actor, person) or _why_not_out(person, grants),
        "why_not_grant": _why_not_any(actor, person), "second_factor": has_second_factor(person),
        "waits": not person.has_usable_password(), "actor_key": person.actor_key,
    }  # fmt: skip
    return show(request, "people/detail.html", context)


def _why_not_revoke(actor: Actor, person: User, grant: RoleGrant) -> str:
    last = grant.role == Role.ADMINISTRATOR and person.is_active and not administrators_besides(grant=grant)
    return why_not_grant(actor, person, grant.role, grant.regions, grant.brands) or (LAST if last else "")


def _why_not_out(person: User, grants: list[RoleGrant]) -> str:
    administrates = person.is_active and any(grant.role == Role.ADMINISTRATOR for grant in grants)
    return LAST if administrates and not administrators_besides(person=person) else ""


def _why_not_any(actor: Actor, person: User) -> str:
    if actor.key == person.actor_key:
        return "Nobody changes the own roles: another administrator must."
    return "" if person.is_active else "The person is deactivated: reactivate first."


@login_required
@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest) -> HttpResponse:
    """Ask whom to invite, or invite."""
    actor = actor_of(request)
    require(actor, MANAGE)
    form = InviteForm(request.POST or None)
    consequence = "An e-mail with a link goes out. The person sets the own password; nobody else ever sees one."
    dialog = Dialog("Invite a person", "Invite", consequence, reverse("people:list"))

    def run() -> object:
        data = form.cleaned_data
        return invite_person(
            actor, email=data["email"], name=data["name"], role=data["role"], scope=form.scope(), reason=data["reason"]
        )

    return ask(request, dialog, form, run, "Invited: the link is on its way.")


@login_required
@require_http_methods(["GET", "POST"])
def person_grant(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Ask for a role, or give it."""
    actor, person, back = _about(request, person_id)
    form = GrantForm(request.POST or None)
    consequence = "It holds from the next page that the person opens."
    dialog = Dialog(
        "Give a role", "Give role", consequence, back, reason=_why_not_any(actor, person), about=str(person)
    )

    def run() -> object:
        data = form.cleaned_data
        return grant_role(actor, person.id, role=data["role"], scope=form.scope(), reason=data["reason"])

    return ask(request, dialog, form, run, "Role given.")


@login_required
@require_http_methods(["GET", "POST"])
def person_revoke(request: HttpRequest, person_id: UUID, grant_id: int) -> HttpResponse:
    """Ask why a role is taken, or take it."""
    actor, person, back = _about(request, person_id)
    grant = person.grants.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound("The person has no such role.")
    form = ReasonForm(request.POST or None)
    dialog = Dialog(
        f"Take the role {grant.get_role_display()}", "Take role", "It ends with the next page that the person opens.",
        back, danger=True, reason=_why_not_revoke(actor, person, grant), about=str(person),
    )  # fmt: skip
    return ask(request, dialog, form, lambda: revoke_role(actor, person.id, grant_id, _why(form)), "Role taken.")


@login_required
@require_http_methods(["GET", "POST"])
def person_step(request: HttpRequest, person_id: UUID, person_verb: str) -> HttpResponse:
    """Ask why the person is deactivated, reactivated, reset or invited again, or do it."""
    actor, person, back = _about(request, person_id)
    if person_verb not in STEPS:
        raise NotFound("There is no such step.")
    title, verb, consequence, message, danger, command = STEPS[person_verb]
    reason = why_not_person(actor, person)
    if person_verb == "deactivate":
        reason = reason or _why_not_out(person, list(person.grants.all()))
    form = ReasonForm(request.POST or None)
    dialog = Dialog(title, verb, consequence, back, danger=danger, reason=reason, about=str(person))
    return ask(request, dialog, form, lambda: command(actor, person.id, _why(form)), message)


STEPS: dict[str, tuple[str, str, str, str, bool, Any]] = {
    "deactivate": (
        "Deactivate", "Deactivate",
        "The person is signed out everywhere and cannot sign in. Cases and history stay; roles stay on record.",
        "Deactivated: all sessions ended.", True, deactivate_person,
    ),
    "reactivate": (
        "Reactivate", "Reactivate", "The person may sign in again, with the roles of before.", "Active again.", False,
        reactivate_person,
    ),
    "reset": (
        "Reset two-factor sign-in", "Reset",
        "For a lost device. Be sure who is asking: the codes and recovery codes of now stop working, all sessions end.",
        "Reset: the person sets it up anew.", True, reset_second_factor,
    ),
    "invite": (
        "Send the invitation again", "Send", "A new link goes to the address; the one before it stops working once a "
        "password is set.", "The link is on its way.", False, invite_again,
    ),
}  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def second_factor_rule(request: HttpRequest) -> HttpResponse:
    """Ask which roles need a second factor, or set it."""
    actor = actor_of(request)
    require(actor, MANAGE)
    form = RequireForm(request.POST or None, initial={"roles": access_rules().second_factor_roles})
    consequence = "Whoever holds such a role and has no second factor is led to its set-up and can do nothing else."
    reason = "" if covers(actor, MANAGE, [EVERYWHERE], [EVERYWHERE]) else WHY_NOT
    dialog = Dialog("Two-factor sign-in by role", "Save", consequence, reverse("people:list"), reason=reason)

    def run() -> object:
        return require_second_factor(actor, form.cleaned_data["roles"], _why(form))

    return ask(request, dialog, form, run, "Saved: it holds from now on.")


def _about(request: HttpRequest, person_id: UUID) -> tuple[Actor, User, str]:
    actor = actor_of(request)
    person = access_person(actor, person_id)
    return actor, person, reverse("people:detail", args=[person.id])


def _why(form: ReasonForm) -> str:
    return str(form.cleaned_data["reason"])

"""Lists that a person keeps under a name, for themselves, for a role or for everybody."""

from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission, Role
from retailops.cases.access import access_view
from retailops.cases.events import SavedViewChanged
from retailops.cases.inputs import ViewIn
from retailops.cases.models import SavedView
from retailops.cases.work_models import ShownTo
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import joins

MOST_VIEWS = 50


@joins
def save_view(actor: Actor, view: ViewIn) -> SavedView:
    """Keep a list under a name; a view of that name of the same person is replaced.

    Raises Invalid for an empty name, a role that is none, or too many views; Denied for whoever sees no cases.
    """
    require(actor, Permission.CASES_VIEW)
    _check(actor, view)
    role = view.role if view.shown_to == ShownTo.ROLE else ""
    found, _ = SavedView.objects.update_or_create(
        owner_id=UUID(actor.id),
        name=" ".join(view.name.split()),
        defaults={"query": view.query, "shown_to": view.shown_to, "role": role},
    )
    _tell(actor, found, "saved")
    return found


def _check(actor: Actor, view: ViewIn) -> None:
    faults = []
    if actor.kind != "user":
        faults.append(FieldError("/", "only people keep views"))
    if not view.name.strip() or len(view.name) > 60:
        faults.append(FieldError("/name", "1 to 60 characters"))
    if len(view.query) > 1000:
        faults.append(FieldError("/query", "it is too long to be kept: name fewer things"))
    if view.shown_to not in ShownTo.values:
        faults.append(FieldError("/shown_to", f"must be one of: {', '.join(ShownTo.values)}"))
    if view.shown_to == ShownTo.ROLE and view.role not in Role.values:
        faults.append(FieldError("/role", "name the role that sees it"))
    if not faults and SavedView.objects.filter(owner_id=UUID(actor.id)).exclude(name=view.name).count() >= MOST_VIEWS:
        faults.append(FieldError("/name", f"you have {MOST_VIEWS} views: remove one first"))
    if faults:
        raise Invalid("The view cannot be kept.", errors=faults)


@joins
def remove_view(actor: Actor, view_id: UUID) -> None:
    """Give up a view of one's own."""
    view = access_view(actor, view_id)
    _tell(actor, view, "removed")
    view.delete()


def views_for(actor: Actor) -> QuerySet[SavedView]:
    """Return the views that the actor may open: their own first, then those shown to all and to their roles."""
    if actor.kind != "user":
        return SavedView.objects.none()
    shown = Q(owner_id=UUID(actor.id)) | Q(shown_to=ShownTo.ALL) | Q(shown_to=ShownTo.ROLE, role__in=actor.roles)
    return SavedView.objects.select_related("owner").filter(shown).order_by("name", "id")


def _tell(actor: Actor, view: SavedView, change: str) -> None:
    subject = Subject("saved_view", view.id, view.id, str(view.id))
    fact = SavedViewChanged(str(view.id), str(view.owner_id), view.shown_to, change)
    publish(fact, subject=subject, actor=actor)

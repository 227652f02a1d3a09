"""Pages of differences with other systems' counts, and what is done about one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.enums import SHELF
from inventory.models import DriftClass, DriftStatus, StockDrift
from inventory.owners import owner_of_quantities
from inventory.selectors import drifts_visible_to, snapshot_visible_to
from inventory.services import accept_theirs, ask_recount, explain_drift
from inventory.services.drifts import access_drift, to_accept
from inventory.web.forms import ReasonForm
from inventory.web.views import actor_of
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page

TABS = (("raised", "To settle"), ("watched", "Seen once"), ("ended", "Ended"))
DIFFERENCES_SHOWN = 200


@dataclass(frozen=True)
class Step:
    """One thing to do about a difference."""

    label: str
    consequence: str
    done: str
    run: Callable[[Actor, UUID, str], object]


STEPS: Mapping[str, Step] = {
    "accept": Step(
        "Accept their count",
        "Our stock becomes what they count, by adjustments; those above the place's limit wait for a second person. "
        "The difference ends when their next snapshot agrees.",
        "Taken over; their next snapshot shows whether it agrees.",
        lambda actor, id, reason: accept_theirs(actor=actor, drift_id=id, reason=reason),
    ),
    "recount": Step(
        "Ask for a recount",
        "Whoever holds the stock is told to count it again. Nothing is booked.",
        "Asked for a recount.",
        lambda actor, id, reason: ask_recount(actor=actor, drift_id=id, reason=reason),
    ),
    "explain": Step(
        "Explain",
        "The case ends. It comes back as soon as the difference changes.",
        "Explained; it comes back when the difference changes.",
        lambda actor, id, reason: explain_drift(actor=actor, drift_id=id, explanation=reason),
    ),
}


@login_required
@require_GET
def drift_list(request: HttpRequest) -> HttpResponse:
    """Show the differences of the query."""
    actor = actor_of(request)
    tab = request.GET.get("tab", "raised")
    tab = tab if tab in DriftStatus.values else "raised"
    rows = drifts_visible_to(actor)
    for name, column in (
        ("kind", "kind"),
        ("location", "location__code"),
        ("sku", "sku"),
        ("region", "location__region"),
    ):
        if value := request.GET.get(name, ""):
            rows = rows.filter(**{column: value})
    chosen = rows.filter(status=tab)
    context = {
        "page": keyset_page(chosen, after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "total": capped_count(chosen),
        "tabs": [(key, title, capped_count(rows.filter(status=key)), key == tab) for key, title in TABS],
        "tab": tab,
        "kinds": DriftClass.choices,
        "given": request.GET,
    }
    return show(request, "stock/drifts.html", context, fragments={"drifts": "stock/_drifts.html"})


@login_required
@require_GET
def drift_detail(request: HttpRequest, drift_id: UUID) -> HttpResponse:
    """Show one difference: theirs against ours as of the last snapshot, its class, what was done."""
    actor = actor_of(request)
    drift = access_drift(actor, drift_id, Permission.INVENTORY_VIEW)
    may_write = can(actor, Permission.INVENTORY_WRITE, region=drift.location.region)
    context = {
        "drift": drift,
        "rows": drift.last_snapshot.differences.filter(sku=drift.sku).order_by("disposition"),
        "adjustments": drift.adjustments.order_by("id"),
        "steps": [(key, step.label, _why_not(drift, key)) for key, step in STEPS.items()] if may_write else [],
        "owner": (owner := owner_of_quantities()),
        "suggested": "accept" if owner == drift.source else "recount",
    }
    return show(request, "stock/drift.html", context)


def _why_not(drift: StockDrift, key: str) -> str:
    if drift.status == DriftStatus.ENDED:
        return "A later snapshot agrees."
    if key != "accept":
        return ""
    changes = to_accept(drift)
    if not changes:
        return "Taken over already; their next snapshot shows it."
    return "Some of it belongs to returns: settle it there." if set(changes) - SHELF else ""


@login_required
@require_http_methods(["GET", "POST"])
def drift_step(request: HttpRequest, drift_id: UUID, step: str) -> HttpResponse:
    """Ask why, or do it."""
    actor, found = actor_of(request), STEPS.get(step)
    if found is None:
        raise NotFound("There is no such action.")
    drift = access_drift(actor, drift_id, Permission.INVENTORY_WRITE)
    form, back = ReasonForm(request.POST or None), reverse("stock:drift", args=[drift.id])
    valid = request.method == "POST" and form.is_valid()
    if valid and accepted(form, lambda: found.run(actor, drift.id, form.cleaned_data["reason"])):
        return done(request, back, found.done)
    context = {
        "drift": drift, "key": step, "step": found, "form": form, "back": back, "reason": _why_not(drift, step),
        "changes": to_accept(drift) if step == "accept" else {},
    }  # fmt: skip
    return show(request, "stock/drift_step.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def snapshot_detail(request: HttpRequest, snapshot_id: UUID) -> HttpResponse:
    """Show a snapshot: whose, of when, and where it differs, the largest first."""
    actor = actor_of(request)
    require(actor, Permission.INVENTORY_VIEW)
    snapshot = snapshot_visible_to(actor, snapshot_id)
    rows = sorted(snapshot.differences.all(), key=lambda row: (-abs(row.unexplained), row.sku, row.disposition))
    context = {"snapshot": snapshot, "rows": rows[:DIFFERENCES_SHOWN], "count": len(rows)}
    return show(request, "stock/snapshot.html", context)

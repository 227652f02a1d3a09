"""Pages of reconciliation: how much matches, settlement files, one line with its proof, and the dialogs of matching."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reconciliation import selectors
from reconciliation.access import IMPORT, MATCH, SEE, access_file, access_item, access_match, files_visible_to
from reconciliation.models import Fate, ImportFile, Item
from reconciliation.reading import FORMATS
from reconciliation.services.importing import Imported, SourceIn, import_settlement
from reconciliation.services.matching_by_hand import match_by_hand, undo_match, why_not_matched, why_not_undone
from reconciliation.web.views import ReasonForm
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page

# What a browser may send; larger files are taken in by the command.
UPLOAD_LIMIT = 50 * 1024 * 1024


class UploadForm(forms.Form):
    """A file and whose it is."""

    format = forms.ChoiceField(label="Kind of file", choices=[(key, each.title) for key, each in FORMATS.items()])
    file = forms.FileField(label="File", help_text="As the provider gives it, 50 MB at most.")
    account = forms.CharField(
        max_length=100, required=False, label="Account", help_text="Where there is more than one at this provider."
    )
    region = forms.CharField(
        max_length=32, required=False, label="Region", help_text="Empty: of all regions. A known account keeps its own."
    )
    time_zone = forms.CharField(max_length=64, required=False, initial="UTC", label="Time zone of its dates")

    def clean_file(self) -> Any:
        """Refuse what is too large for a browser's request."""
        sent = self.cleaned_data["file"]
        if sent.size > UPLOAD_LIMIT:
            raise forms.ValidationError("The file is larger than 50 MB; an administrator can take it in by command.")
        return sent


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show how much matches, what does not and what it may cost, and the files that came last."""
    actor = actor_of(request)
    require(actor, SEE)
    sums = selectors.sums_by_type(actor) if can(actor, Permission.DISCREPANCIES_VIEW) else []
    context = {
        "rates": selectors.rates(actor),
        "sums": sums,
        "files": selectors.recent_files(actor),
        "days": selectors.DAYS,
        "may_import": can(actor, IMPORT),
    }
    return show(request, "reconciliation/overview.html", context)


@login_required
@require_GET
def file_list(request: HttpRequest) -> HttpResponse:
    """Show the settlement files, the newest first."""
    actor = actor_of(request)
    require(actor, SEE)
    rows = files_visible_to(actor)
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {"page": page, "total": capped_count(rows), "may_import": can(actor, IMPORT)}
    return show(request, "reconciliation/files.html", context, fragments={"files": "reconciliation/_files.html"})


@login_required
@require_GET
def file_detail(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Show one file: its totals, and its lines with what became of them."""
    file, fate = access_file(actor_of(request), file_id), request.GET.get("fate", "")
    after = request.GET.get("after", "")
    lines, more = selectors.lines_of(file, fate=fate, after=int(after) if after.isascii() and after.isdigit() else 0)
    context = {
        "file": file, "lines": lines, "more": more, "fate": fate, "standing": selectors.file_standing(file),
        "fates": [(key, label, file.fates.get(key, 0)) for key, label in Fate.choices if file.fates.get(key)],
        "totals": _totals(file),
    }  # fmt: skip
    return show(request, "reconciliation/file.html", context, fragments={"lines": "reconciliation/_lines.html"})


def _totals(file: ImportFile) -> list[tuple[str, int, str, bool]]:
    """Return name, amount and currency of what the file says and what its lines come to; a count has no currency."""
    told = [(name, value, True) for name, value in file.declared.items()]
    told += [(name, value, False) for name, value in file.computed.items() if name != "lanes"]
    return [(*_named(name, value), declared) for name, value, declared in told]


def _named(name: str, value: int) -> tuple[str, int, str]:
    text, _, currency = name.rpartition(" ")
    return (text, value, currency) if len(currency) == 3 and currency.isupper() else (name, value, "")


@login_required
@require_GET
def item_detail(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show one item: what it is, the proof of its matches, and what could belong to it."""
    actor = actor_of(request)
    item = access_item(actor, item_id)
    standing = selectors.items_with_state().get(pk=item.pk)
    state = selectors.state_of(standing)
    may_match = can(actor, MATCH, region=item.region, brand=item.brand)
    is_open = standing.is_open
    context = {
        "item": item, "state": state, "keys": item.keys.order_by("pk"), "may_match": may_match,
        "proofs": selectors.proofs_of(item), "candidates": selectors.candidates_of(actor, item) if is_open else [],
        "disputes": item.discrepancies.filter(status="open"), "is_open": is_open,
        "may_see_disputes": can(actor, Permission.DISCREPANCIES_VIEW, region=item.region, brand=item.brand),
        "rma": _return_of(actor, item),
        "may_see_file": item.file_id is not None and files_visible_to(actor).filter(pk=item.file_id).exists(),
    }  # fmt: skip
    return show(request, "reconciliation/item.html", context)


def _return_of(actor: Actor, item: Item) -> Any:
    """Return the return that the item is of, where the actor may see it."""
    if item.refund is None or not can(actor, Permission.RETURNS_VIEW, region=item.region, brand=item.brand):
        return None
    return item.refund.rma


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Ask for a settlement file, or take it in."""
    actor, back = actor_of(request), reverse("settlements:files")
    require(actor, IMPORT)
    form = UploadForm(request.POST or None, request.FILES or None)
    result: list[Imported] = []

    def run() -> None:
        given = form.cleaned_data
        told = {"account": given["account"], "region": given["region"], "time_zone": given["time_zone"] or "UTC"}
        source, sent = SourceIn(given["format"], **told), given["file"]
        result.append(import_settlement(actor=actor, source=source, name=sent.name or "file", content=sent.file))

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        [imported] = result
        words = "It was taken in before; nothing was done." if imported.repeated else "The file is taken in."
        return done(request, reverse("settlements:file", args=[imported.file.pk]), words)
    return show(request, "reconciliation/upload.html", {"form": form, "back": back}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def match(request: HttpRequest, item_id: int, other_id: int) -> HttpResponse:
    """Ask why two items belong together, or match them."""
    actor = actor_of(request)
    item, other = access_item(actor, item_id, MATCH), access_item(actor, other_id, MATCH)
    back, form = reverse("settlements:item", args=[item.pk]), ReasonForm(request.POST or None)

    def run() -> None:
        match_by_hand(actor=actor, item_id=item.pk, other_id=other.pk, reason=form.cleaned_data["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, "They are matched.")
    why = why_not_matched(item, other)
    context = {"item": item, "other": other, "pair": (item, other), "form": form, "back": back, "reason": why}
    return show(request, "reconciliation/match.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Ask why a match is taken apart, or do it."""
    actor = actor_of(request)
    found = access_match(actor, match_id, MATCH)
    parts = list(found.allocations.select_related("item__source").order_by("-item__side", "item_id"))
    back, form = reverse("settlements:item", args=[parts[0].item_id]), ReasonForm(request.POST or None)

    def run() -> None:
        undo_match(actor=actor, match_id=found.pk, reason=form.cleaned_data["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, "The match is taken apart.")
    context = {"found": found, "parts": parts, "form": form, "back": back, "reason": why_not_undone(found)}
    return show(request, "reconciliation/undo.html", context, status=422 if form.errors else 200)

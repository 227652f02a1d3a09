"""Pages of transfers: those under way, one to send, one to receive, one to take back."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.inputs import read
from inventory.models import StockTransfer, TransferStatus
from inventory.models.transfers import OPEN
from inventory.selectors import locations_visible_to, transfers_visible_to
from inventory.services import cancel_transfer, receive_transfer, send_transfer
from inventory.services.transferring import access_transfer
from inventory.transfer_inputs import TransferIn, TransferReceiptIn
from inventory.web.forms import ReasonForm
from inventory.web.overview import titles
from inventory.web.transfer_forms import (
    ArrivedLines,
    ExtraForm,
    SendForm,
    SendLines,
    arrived_initial,
    waiting_lines,
)
from inventory.web.views import actor_of, rights, visible_moves
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page

WRITE = Permission.INVENTORY_WRITE
TABS = (("open", "Under way"), ("overdue", "Overdue"), ("ended", "Ended"), ("all", "All"))


def _tab(rows: QuerySet[StockTransfer], key: str) -> QuerySet[StockTransfer]:
    wanted = {
        "open": Q(status__in=OPEN),
        "overdue": Q(status__in=OPEN, due_on__lt=now().date()),
        "ended": ~Q(status__in=OPEN),
    }
    return rows.filter(wanted.get(key, Q()))


@login_required
@require_GET
def transfer_list(request: HttpRequest) -> HttpResponse:
    """Show the transfers of the query, those under way unless it says otherwise."""
    actor, given = actor_of(request), request.GET
    tab = given.get("tab", "open")
    rows = transfers_visible_to(actor)
    if code := given.get("location", ""):
        rows = rows.filter(Q(source__code=code) | Q(target__code=code))
    chosen = _tab(rows, tab).prefetch_related("lines")
    context = {
        "page": keyset_page(chosen, after=given.get("after", ""), before=given.get("before", "")),
        "total": capped_count(chosen),
        "tabs": [(key, title, capped_count(_tab(rows, key)), key == tab) for key, title in TABS],
        "places": locations_visible_to(actor).order_by("code"),
        "given": given,
        **rights(actor),
    }
    fragments = {"transfers": "stock/_transfers.html"}
    return show(request, "stock/transfers.html", context, fragments=fragments)


@login_required
@require_GET
def transfer_page(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Show one transfer: its lines, what came when, its moves, and what may be done."""
    actor = actor_of(request)
    row = access_transfer(actor, transfer_id)
    lines = list(row.lines.order_by("line_no"))
    context = {
        "row": row,
        "lines": lines,
        "titles": titles(line.sku for line in lines),
        "receipts": row.receipts.order_by("-id"),
        "moves": visible_moves(actor).filter(subject_id=row.id).order_by("-id"),
        "may_receive": _may(actor, row, row.target.region) and _receivable(row),
        "may_cancel": _may(actor, row, row.source.region) and row.status == TransferStatus.SENT,
        "units": {name: sum(getattr(line, name) for line in lines) for name in ("quantity", "received", "missing")},
    }
    return show(request, "stock/transfer.html", context)


def _may(actor: Actor, row: StockTransfer, region: str) -> bool:
    return can(actor, WRITE, region=region or None)


def _receivable(row: StockTransfer) -> bool:
    return row.status in OPEN or (row.status == TransferStatus.RECEIVED and bool(waiting_lines(row)))


@login_required
@require_http_methods(["GET", "POST"])
def transfer_send(request: HttpRequest) -> HttpResponse:
    """Ask what goes where, or send it. A second click sends nothing more."""
    actor, back = actor_of(request), reverse("stock:transfers")
    require(actor, WRITE)
    asked = {name: request.GET[name] for name in ("source", "target") if name in request.GET}
    first = {name: request.GET[name] for name in ("sku", "quantity", "disposition") if name in request.GET}
    form = SendForm(request.POST or None, actor=actor, initial=asked)
    lines = SendLines(request.POST or None, initial=[first] if first else None, prefix="l")
    made: list[StockTransfer] = []

    def run() -> None:
        told = {name: value for name, value in form.cleaned_data.items() if value is not None}
        wanted = {"lines": [_sent(each) for each in lines.cleaned_data if each.get("sku")]}
        made.append(send_transfer(actor=actor, transfer=read(TransferIn, told | wanted)))

    if request.method == "POST" and form.is_valid() & lines.is_valid() and accepted(form, run):
        return done(request, reverse("stock:transfer", args=[made[0].id]), f"{made[0].number} is on its way.")
    faulty = bool(form.errors or (lines.is_bound and not lines.is_valid()))
    context = {"form": form, "lines": lines, "back": back, "title": "Send stock"}
    return show(request, "stock/transfer_send.html", context, status=422 if faulty else 200)


def _sent(each: dict[str, Any]) -> dict[str, Any]:
    return {name: each[name] for name in ("sku", "quantity", "disposition", "serials", "lot")}


@login_required
@require_http_methods(["GET", "POST"])
def transfer_receive(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Ask what came, or count it. A second click counts nothing more."""
    actor = actor_of(request)
    row = access_transfer(actor, transfer_id, receives=True)
    back = reverse("stock:transfer", args=[row.id])
    form = ExtraForm(request.POST or None)
    lines = ArrivedLines(request.POST or None, initial=arrived_initial(row), prefix="l")

    def run() -> None:
        receive_transfer(actor=actor, transfer_id=row.id, receipt=read(TransferReceiptIn, _told(form, lines)))

    if request.method == "POST" and form.is_valid() & lines.is_valid() and accepted(form, run):
        return done(request, back, "Received.")
    faulty = bool(form.errors or (lines.is_bound and not lines.is_valid()))
    paired = list(zip(waiting_lines(row), lines.forms, strict=False))
    context = {
        "row": row,
        "form": form,
        "lines": lines,
        "paired": paired,
        "back": back,
        "title": f"Receive {row.number}",
    }
    return show(request, "stock/transfer_receive.html", context, status=422 if faulty else 200)


def _told(form: ExtraForm, lines: Any) -> dict[str, Any]:
    given = form.cleaned_data
    came = [
        {
            "line_no": each["line_no"],
            "quantity": each["quantity"],
            "disposition": each["disposition"] or None,
            "serials": each["serials"],
        }
        for each in lines.cleaned_data
        if each.get("quantity")
    ]
    if given["extra_sku"]:
        came.append({"sku": given["extra_sku"], "quantity": given["extra_quantity"]})
    return {"reference": given["reference"], "complete": given["complete"], "lines": came}


@login_required
@require_http_methods(["GET", "POST"])
def transfer_cancel(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Ask why it is taken back, or take it back."""
    actor = actor_of(request)
    row = access_transfer(actor, transfer_id, sends=True)
    form, back = ReasonForm(request.POST or None), reverse("stock:transfer", args=[row.id])

    def run() -> None:
        cancel_transfer(actor=actor, transfer_id=row.id, reason=form.cleaned_data["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, "Taken back; the units stand where they were.")
    context = {"row": row, "form": form, "back": back, "title": f"Take {row.number} back"}
    return show(request, "stock/transfer_cancel.html", context, status=422 if form.errors else 200)

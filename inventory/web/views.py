"""Pages of stock: all of it by place and disposition, its rows, its moves, quarantine by age, one sku."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from inventory.ageing import BUCKETS, Layer, layers_visible_to
from inventory.enums import ENDS, Disposition
from inventory.models import DriftStatus, Item, SerialUnit, StockMove
from inventory.promising import today, with_free
from inventory.selectors import drifts_visible_to, locations_visible_to, snapshots_visible_to
from inventory.traces import lot_balances
from inventory.web import overview as shown
from retailops.accounts import web
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import NotFound
from retailops.lib.htmx import show
from retailops.lib.keyset import capped_count, keyset_page

MOVES_SHOWN, SERIALS_SHOWN = 25, 100


def actor_of(request: HttpRequest) -> Actor:
    """Return who makes the request; whoever may see no stock at all is refused."""
    actor = web.actor_of(request)
    require(actor, Permission.INVENTORY_VIEW)
    return actor


def rights(actor: Actor) -> dict[str, bool]:
    """Return what the person may do somewhere: move stock by hand, manage places."""
    return {
        "may_write": can(actor, Permission.INVENTORY_WRITE),
        "may_manage": can(actor, Permission.INVENTORY_MANAGE),
    }


@login_required
@require_GET
def stock(request: HttpRequest) -> HttpResponse:
    """Show all stock by place and disposition, quarantine by age, and how many differences are open."""
    actor, region = actor_of(request), request.GET.get("region", "")
    places = locations_visible_to(actor)
    drifts = drifts_visible_to(actor).filter(status=DriftStatus.RAISED)
    context = {
        "all": shown.overview(actor, region),
        "buckets": shown.ageing(actor, region),
        "drifts": capped_count(drifts.filter(location__region=region) if region else drifts),
        "region": region,
        "regions": sorted({name for name in places.values_list("region", flat=True) if name}),
        **rights(actor),
    }
    return show(request, "stock/overview.html", context)


@login_required
@require_GET
def balances(request: HttpRequest) -> HttpResponse:
    """Show the rows of the query: what stands where."""
    actor = actor_of(request)
    rows = shown.narrowed(actor, request.GET.dict())
    context = {
        "page": shown.balance_page(rows, request.GET.get("after", "")),
        "total": capped_count(rows),
        "units": rows.order_by().aggregate(units=Sum("free" if request.GET.get("available") else "quantity"))["units"]
        or 0,
        "places": locations_visible_to(actor).order_by("code"),
        "dispositions": [each for each in Disposition if each not in ENDS],
        "given": request.GET,
        **rights(actor),
    }
    return show(request, "stock/balances.html", context, fragments={"rows": "stock/_balances.html"})


@login_required
@require_GET
def balances_export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the narrowed rows as CSV."""
    return as_file("stock", shown.export_balances(shown.narrowed(actor_of(request), request.GET.dict())))


def as_file(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    """Return lines of CSV as a file named after the present minute."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localtime():%Y%m%d-%H%M}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_GET
def moves(request: HttpRequest) -> HttpResponse:
    """Show the moves of the query, the last first."""
    actor = actor_of(request)
    rows = visible_moves(actor)
    if sku := request.GET.get("sku", "").strip():
        rows = rows.filter(sku=sku)
    if code := request.GET.get("location", ""):
        rows = rows.filter(Q(source_location__code=code) | Q(target_location__code=code))
    if where := request.GET.get("disposition", ""):
        rows = rows.filter(Q(source=where) | Q(target=where))
    context = {
        "page": keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "total": capped_count(rows),
        "places": locations_visible_to(actor).order_by("code"),
        "dispositions": [each for each in Disposition if each not in ENDS],
        "given": request.GET,
    }
    return show(request, "stock/moves.html", context, fragments={"moves": "stock/_moves.html"})


def visible_moves(actor: Actor) -> QuerySet[StockMove]:
    """Return the moves that start or end where the actor may see."""
    places = locations_visible_to(actor)
    rows = StockMove.objects.select_related("source_location", "target_location", "lot").prefetch_related(
        "steps__unit", "lot_steps__lot"
    )
    return rows.filter(Q(source_location__in=places) | Q(target_location__in=places))


def quarantined(request: HttpRequest, actor: Actor) -> list[Layer]:
    """Return quarantine as the query narrows it."""
    given = {name: request.GET.get(name, "") for name in ("region", "location", "bucket", "sku")}
    return layers_visible_to(actor, **given)


@login_required
@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """Show what stands in quarantine by the move that brought it, the oldest first."""
    actor = actor_of(request)
    found = quarantined(request, actor)
    total = shown.Figure()
    for layer in found:
        total.add(layer.units, layer.value, layer.currency)
    context = {
        "layers": found[: shown.PAGE * 2],
        "count": len(found),
        "total": total,
        "titles": shown.titles(layer.sku for layer in found[: shown.PAGE * 2]),
        "buckets": [(key, shown.BUCKET_NAMES[key]) for key, _, _ in BUCKETS],
        "given": request.GET,
        **rights(actor),
    }
    return show(request, "stock/quarantine.html", context)


@login_required
@require_GET
def quarantine_export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream quarantine by age as CSV."""
    return as_file("quarantine", shown.export_layers(quarantined(request, actor_of(request))))


@login_required
@require_GET
def sku_page(request: HttpRequest, sku: str) -> HttpResponse:
    """Show one sku: what stands where, its moves, serials, lots, snapshots and differences."""
    actor = actor_of(request)
    rows: list[Any] = list(
        with_free(shown.visible_balances(actor)).filter(sku=sku).order_by("location__code", "disposition")
    )
    history = visible_moves(actor).filter(sku=sku).order_by("-id")
    if not rows and not history.exists():
        raise NotFound("There is no stock of that sku where you may see it.")
    places = locations_visible_to(actor)
    promised = {name: sum(getattr(row, name) for row in rows) for name in ("free", "reserved", "expired")}
    serials = SerialUnit.objects.filter(sku=sku, location__in=places).select_related("location")
    context = {
        "sku": sku,
        "item": Item.objects.filter(sku=sku).prefetch_related("values").first(),
        "rows": rows,
        "promised": promised,
        "standing": sum(row.quantity for row in rows),
        "moves": history[:MOVES_SHOWN],
        "serials": serials.exclude(disposition__in=ENDS).order_by("serial")[:SERIALS_SHOWN],
        "lots": lot_balances(actor).filter(lot__sku=sku)[:SERIALS_SHOWN],
        "today": today(),
        "drifts": drifts_visible_to(actor).filter(sku=sku).order_by("-id")[:10],
        "snapshots": snapshots_visible_to(actor).filter(rows__sku=sku).distinct().order_by("-as_of")[:5],
        **rights(actor),
    }
    return show(request, "stock/sku.html", context)

"""Pages on which a return begins: find the order, choose units, see what will happen, send; or record a parcel."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import DomainError
from retailops.lib.forms import tell
from retailops.lib.htmx import details, done, show
from returns.access import access_order
from returns.enums import ReturnKind, ReturnStatus
from returns.inputs import BlindReceiptIn, EligibilityIn, OrderRef, ReturnIn, ReturnLineIn, read
from returns.inputs.drafts import DraftIn
from returns.inputs.parcels import ReturnToSenderIn
from returns.inputs.store import StoreReturnIn
from returns.kinds import traits_of
from returns.models import Order, Return
from returns.selectors import orders_visible_to
from returns.services.blind import receive_blind
from returns.services.carrier_returns import return_to_sender
from returns.services.drafts import change_draft, save_draft, submit_draft
from returns.services.eligibility import assess
from returns.services.intake import request_return
from returns.services.request_preview import RequestPreview, preview_request
from returns.services.till import return_in_store
from returns.web.item_rows import MORE, rows_in
from returns.web.request_forms import KINDS, VERDICTS, BlindForm, RequestForm, SenderForm
from returns.web.views import by_number

FOUND_LIMIT = 20
Data = Mapping[str, Any]


@login_required
@require_GET
def find_order(request: HttpRequest) -> HttpResponse:
    """Find the order of a new return by its number, its channel's id or a tracking number; the only hit is opened."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_REQUEST)
    text = request.GET.get("q", "").strip()
    found = list(_orders(actor, text)[:FOUND_LIMIT]) if text else []
    if len(found) == 1 and details(request) is None:
        return HttpResponseRedirect(reverse("returns:request", args=[found[0].id]))
    return show(request, "returns/new.html", {"q": text, "found": found, "back": reverse("returns:list")})


def _orders(actor: Actor, text: str) -> QuerySet[Order]:
    rows = orders_visible_to(actor)
    ids = rows.filter(number=text).values("pk").union(
        rows.filter(external_id=text).values("pk"), rows.filter(shipments__tracking=text).values("pk")
    )  # fmt: skip
    return orders_visible_to(actor).filter(pk__in=list(ids.values_list("pk", flat=True))).order_by("-placed_at")


@login_required
@require_http_methods(["GET", "POST"])
def request_page(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show the order's lines and what may come back; look at what would happen, save a draft, or send the request."""
    actor = actor_of(request)
    order = access_order(actor, order_id)
    require(actor, Permission.RETURNS_REQUEST, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    return _page(request, actor, order, None)


@login_required
@require_http_methods(["GET", "POST"])
def draft_page(request: HttpRequest, number: str) -> HttpResponse:
    """The same for a draft: its lines are there already, and sending submits it."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    require(actor, Permission.RETURNS_REQUEST, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    if rma.status != ReturnStatus.DRAFT or rma.order is None:
        # A second click, or a link that is older than the submission: the return itself says where it stands.
        return HttpResponseRedirect(reverse("returns:detail", args=[rma.number]))
    return _page(request, actor, rma.order, rma)


def _page(request: HttpRequest, actor: Actor, order: Order, draft: Return | None) -> HttpResponse:
    kind = _kind(request, draft)
    verdict = assess(actor=actor, request=EligibilityIn(order=OrderRef(order_id=order.id), kind=kind))
    form = RequestForm(request.POST or None, actor=actor, verdict=verdict, draft=draft, initial=_initial(draft))
    step, preview = request.POST.get("step", ""), None
    if request.method == "POST" and form.is_valid():
        preview = _looked_at(form, actor, order)
        answer = _do(request, actor, order, draft, form, step) if not form.errors else None
        if answer is not None:
            return answer
    context = {
        "form": form, "order": order, "preview": preview, "draft": draft, "traits": _meanings(form),
        "back": reverse("returns:list"), "timing": verdict.policy.rules.refund_timing.label,
        "policy": verdict.policy.label,
    }  # fmt: skip
    return show(request, "returns/request.html", context, status=422 if form.errors else 200)


def _kind(request: HttpRequest, draft: Return | None) -> ReturnKind:
    """Return the kind that is chosen: a warranty lasts longer than the window of other returns."""
    chosen = request.POST.get("kind") or (draft.kind if draft else "")
    return ReturnKind(chosen) if chosen in KINDS else ReturnKind.MAIL_IN


def _initial(draft: Return | None) -> dict[str, Any]:
    if draft is None:
        return {}
    found: dict[str, Any] = {"kind": draft.kind, "reason": draft.decision_reason}
    for line in draft.lines.select_related("order_line"):
        if line.order_line is not None:
            found[f"line_{line.order_line.line_no}"] = line.requested
            found[f"reason_{line.order_line.line_no}"] = line.customer_reason
            found["resolution"] = line.resolution
    return found


def _meanings(form: RequestForm) -> list[tuple[str, str]]:
    field: Any = form.fields["kind"]
    return [(str(name), traits_of(value).meaning) for value, name in field.choices]


def _looked_at(form: RequestForm, actor: Actor, order: Order) -> RequestPreview | None:
    found: RequestPreview | None = _accepted(
        form, lambda: preview_request(actor=actor, request=_request_in(form.cleaned_data, order))
    )
    return found


def _do(
    request: HttpRequest, actor: Actor, order: Order, draft: Return | None, form: RequestForm, step: str
) -> HttpResponse | None:
    """Carry out the button; None where the page is only looked at, or the command was refused."""
    if step not in ("send", "draft"):
        return None
    given = form.cleaned_data
    command = _save if step == "draft" else _send
    rma = _accepted(form, lambda: command(actor, order, draft, given))
    if rma is None:
        return None
    said = "Draft saved." if step == "draft" else f"Return {rma.number} requested: {rma.get_status_display().lower()}."
    return done(request, reverse("returns:detail", args=[rma.number]), said)


def _accepted(form: forms.Form, command: Callable[[], Any]) -> Any:
    """Run a command in its own transaction; a refusal is told in the form. Denied and NotFound go on."""
    try:
        with transaction.atomic(durable=True):
            return command()
    except DomainError as refusal:
        tell(form, refusal)
        return None


def _save(actor: Actor, order: Order, draft: Return | None, given: Data) -> Return:
    lines = [read(ReturnLineIn, line) for line in given["lines"]]
    if draft is not None:
        return change_draft(
            actor=actor,
            return_id=draft.id,
            lines=lines,
            reason=given["reason"],
            expected_version=given["expected_version"],
        )
    saved = DraftIn(order=OrderRef(order_id=order.id), kind=given["kind"], reason=given["reason"], lines=lines)
    return save_draft(actor=actor, draft=saved)


def _send(actor: Actor, order: Order, draft: Return | None, given: Data) -> Return:
    if draft is not None:
        _save(actor, order, draft, given)
        override = given.get("override_reason") or ""
        return submit_draft(actor=actor, return_id=draft.id, override_reason=override)
    if traits_of(given["kind"]).at_till:
        return return_in_store(actor=actor, till=_till_in(given, order)).rma
    return request_return(actor=actor, request=_request_in(given, order))


def _request_in(given: Data, order: Order) -> ReturnIn:
    """Return the request; the form's own key makes a second click the same return."""
    asked: dict[str, Any] = {
        "order": {"order_id": order.id}, "kind": given["kind"], "source": "web", "external_id": given["once"],
        "reason": given["reason"], "lines": given["lines"], "override_reason": given.get("override_reason") or "",
        "evidence": [given["evidence"]] if given["evidence"] else [],
    }  # fmt: skip
    if given["kind"] == "marketplace" and given["marketplace_id"]:
        asked["marketplace"] = {
            "name": given["marketplace"], "return_id": given["marketplace_id"], "answer_by": given["answer_by"],
        }  # fmt: skip
    return read(ReturnIn, asked)


def _till_in(given: Data, order: Order) -> StoreReturnIn:
    _, accepted, disposition = VERDICTS[given["verdict"] or "sellable"]
    lines = [line | {"accepted": accepted, "disposition": disposition} for line in given["lines"]]
    told = {
        "order": {"order_id": order.id}, "store": given["store"], "kind": given["kind"], "reason": given["reason"],
        "receipt_number": given["receipt_number"] or given["once"], "lines": lines,
        "override_reason": given.get("override_reason") or "",
    }  # fmt: skip
    return read(StoreReturnIn, told)


@login_required
@require_http_methods(["GET", "POST"])
def blind_page(request: HttpRequest) -> HttpResponse:
    """Record a parcel that no return explains."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_RECEIVE)
    if MORE in request.POST:
        form = BlindForm(initial=_typed(request), actor=actor, rows=_rows(request))
        return _with_rows(request, "returns/blind.html", form)
    form = BlindForm(request.POST or None, actor=actor, rows=_rows(request))
    if request.method == "POST" and form.is_valid():
        rma = _accepted(form, lambda: receive_blind(actor=actor, receipt=_blind_in(form.cleaned_data)))
        if rma is not None:
            said = f"Parcel recorded as {rma.number}. Match it with an order, or inspect it."
            return done(request, reverse("returns:detail", args=[rma.number]), said)
    return _with_rows(request, "returns/blind.html", form)


def _rows(request: HttpRequest) -> int:
    return rows_in(request.POST if request.method == "POST" else None)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Return what was typed so far: asking for another line sends nothing off."""
    return dict(request.POST.items())


def _with_rows(request: HttpRequest, template: str, form: BlindForm | SenderForm) -> HttpResponse:
    """Show the form, or its lines alone where one more was asked for."""
    context = {"form": form, "back": reverse("returns:list")}
    fragments = {"parcel-items": "returns/_items.html"}
    return show(request, template, context, fragments=fragments, status=422 if form.errors else 200)


def _blind_in(given: Data) -> BlindReceiptIn:
    told = {
        "scan_id": f"web:{given['once']}", "parcel": given["parcel"], "location": given["location"],
        "region": given["region"], "currency": given["currency"], "source": "web", "reason": given["reason"],
        "lines": given["lines"],
    }  # fmt: skip
    return read(BlindReceiptIn, told)


@login_required
@require_http_methods(["GET", "POST"])
def sender_page(request: HttpRequest) -> HttpResponse:
    """Open the return of a parcel that the carrier brings back undelivered."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_RECEIVE)
    if MORE in request.POST:
        return _with_rows(request, "returns/sender.html", SenderForm(initial=_typed(request), rows=_rows(request)))
    form = SenderForm(request.POST or None, rows=_rows(request))
    if request.method == "POST" and form.is_valid():
        rma = _opened(actor, form)
        if rma is not None:
            said = f"Return {rma.number} opened; the warehouse expects the parcel."
            return done(request, reverse("returns:detail", args=[rma.number]), said)
    return _with_rows(request, "returns/sender.html", form)


def _opened(actor: Actor, form: SenderForm) -> Return | None:
    given = form.cleaned_data
    told = {
        "tracking": given["tracking"], "reason": given["reason"], "source": "web", "lines": given["lines"],
    }  # fmt: skip
    try:
        with transaction.atomic(durable=True):
            return return_to_sender(actor=actor, notice=read(ReturnToSenderIn, told))
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        form.add_error("tracking", refusal.detail)
        return None

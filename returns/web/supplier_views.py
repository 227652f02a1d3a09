"""Pages of suppliers: all of them, one with its terms and skus, and the forms that tell them."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.events.models import Event
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page
from returns.claim_access import access_supplier, claims_visible_to, may_change_suppliers, require_for_suppliers
from returns.enums import ClaimStatus
from returns.models import Supplier
from returns.services.suppliers import put_supplier, put_supplier_skus
from returns.web.supplier_forms import NewSupplierForm, SkuForm, TermsForm

MANAGE = Permission.SUPPLIERS_MANAGE
HISTORY_LIMIT = 20


@login_required
@require_GET
def supplier_list(request: HttpRequest) -> HttpResponse:
    """Show the suppliers whose name, code or sku matches, with how much comes from each."""
    actor, text = actor_of(request), request.GET.get("q", "").strip()
    require_for_suppliers(actor, Permission.CLAIMS_VIEW)
    rows = Supplier.objects.annotate(sku_count=Count("skus"))
    if text:
        rows = rows.filter(
            Q(name__icontains=text) | Q(code__iexact=text) | Q(pk__in=Supplier.objects.filter(skus__sku__iexact=text))
        )
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {"page": page, "total": capped_count(rows), "q": text, "may_manage": may_change_suppliers(actor)}
    return show(request, "suppliers/list.html", context, fragments={"suppliers": "suppliers/_list.html"})


@login_required
@require_GET
def supplier_detail(request: HttpRequest, supplier_code: str) -> HttpResponse:
    """Show a supplier's terms, what comes from it, what it owes, and who changed its terms."""
    actor = actor_of(request)
    supplier = access_supplier(actor, supplier_code)
    rows, text = supplier.skus.order_by("-id"), request.GET.get("sku", "").strip()
    if text:
        rows = rows.filter(Q(sku__icontains=text) | Q(supplier_sku__icontains=text))
    claims = claims_visible_to(actor).filter(supplier=supplier)
    context = {
        "supplier": supplier,
        "page": keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "total": capped_count(rows),
        "sku": text,
        "open_claims": capped_count(claims.exclude(status=ClaimStatus.CLOSED)),
        "may_manage": may_change_suppliers(actor),
        "history": Event.objects.filter(subject_id=supplier.id).order_by("-position")[:HISTORY_LIMIT],
    }
    return show(request, "suppliers/detail.html", context, fragments={"skus": "suppliers/_skus.html"})


@login_required
@require_http_methods(["GET", "POST"])
def supplier_add(request: HttpRequest) -> HttpResponse:
    """Ask for a new supplier, or take it."""
    actor = actor_of(request)
    require_for_suppliers(actor, MANAGE)
    form = NewSupplierForm(request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    code = form.cleaned_data["code"] if valid else ""
    if valid and accepted(form, lambda: put_supplier(actor=actor, code=code, supplier=form.terms())):
        return done(request, reverse("claims:supplier", args=[code]), f"Supplier {code} added.")
    return _dialog(request, form, "Add supplier", reverse("claims:suppliers"))


@login_required
@require_http_methods(["GET", "POST"])
def supplier_edit(request: HttpRequest, supplier_code: str) -> HttpResponse:
    """Show a supplier's terms to be changed, or change them."""
    actor = actor_of(request)
    supplier = access_supplier(actor, supplier_code, MANAGE)
    form, back = TermsForm.of(supplier, request.POST or None), reverse("claims:supplier", args=[supplier_code])
    valid = request.method == "POST" and form.is_valid()
    if valid and accepted(form, lambda: put_supplier(actor=actor, code=supplier_code, supplier=form.terms())):
        return done(request, back, "Terms saved. Claims on their way keep the amounts that they were drafted with.")
    return _dialog(request, form, f"Terms of {supplier.name}", back)


@login_required
@require_http_methods(["GET", "POST"])
def supplier_sku(request: HttpRequest, supplier_code: str) -> HttpResponse:
    """Ask which sku comes from the supplier and what it costs, or take it."""
    actor = actor_of(request)
    supplier = access_supplier(actor, supplier_code, MANAGE)
    known = supplier.skus.filter(sku=request.GET.get("sku", "")).first()
    form, back = SkuForm.of(known, request.POST or None), reverse("claims:supplier", args=[supplier_code])
    valid = request.method == "POST" and form.is_valid()
    if valid and accepted(form, lambda: put_supplier_skus(actor=actor, code=supplier_code, skus=[form.told()])):
        return done(request, back, f"{form.cleaned_data['sku']} comes from {supplier.name}.")
    return _dialog(request, form, f"A sku of {supplier.name}", back)


def _dialog(request: HttpRequest, form: TermsForm | SkuForm, title: str, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "back": back, "address": request.path}
    return show(request, "suppliers/dialog.html", context, status=422 if form.errors else 200)

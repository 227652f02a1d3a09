"""Pages of the audit log: search, and the export of what was found."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import EVERYWHERE, Actor, can, covers, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.audit_log.export import MOST_ROWS, export_log
from retailops.audit_log.pages import facets, log_page, row_count, with_numbers
from retailops.audit_log.query import VIEWS, AuditQuery, denials_of, events_of
from retailops.audit_log.sending import sent
from retailops.lib.errors import Invalid, Unprocessable
from retailops.lib.htmx import show

VIEW, EXPORT = Permission.AUDIT_VIEW, Permission.AUDIT_EXPORT


@login_required
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show the part of the log that the query asks for."""
    actor = actor_of(request)
    require(actor, VIEW)
    query, fault = _read(request)
    events, denials = events_of(actor, query, VIEW), denials_of(actor, query, VIEW)
    page = log_page(events, denials, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    total = row_count(events, denials)
    context = {
        "page": page, "rows": with_numbers(page.rows), "total": total, "facets": facets(events, denials),
        "query": query, "fault": fault, "given": request.GET, "narrowed": bool(set(query.as_dict()) - {"view"}),
        "views": [(key, title, key == query.view) for key, title in VIEWS.items()],
        "may_export": can(actor, EXPORT), "why_not": "" if total else "Nothing is here to export.",
        "everywhere": covers(actor, VIEW, [EVERYWHERE], [EVERYWHERE]),
        "may_manage": can(actor, Permission.PEOPLE_MANAGE),
    }  # fmt: skip
    return show(request, "audit/list.html", context, fragments={"audit": "audit/_list.html"})


def _read(request: HttpRequest) -> tuple[AuditQuery, str]:
    given = {name: str(request.GET[name]) for name in request.GET}
    try:
        return AuditQuery.read(given), ""
    except Invalid as refused:
        return AuditQuery.read(given | {"since": "", "until": ""}), refused.detail


@login_required
@require_http_methods(["GET", "POST"])
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Ask whether this part of the log is meant, or send it as a bundle."""
    actor = actor_of(request)
    require(actor, EXPORT)
    query, fault = _read(request)
    if request.method == "GET" or fault:
        return _asked(request, actor, query, fault)
    try:
        bundle = export_log(actor, query)
    except Unprocessable as refused:
        return _asked(request, actor, query, refused.detail)
    return sent(bundle)


def _asked(request: HttpRequest, actor: Actor, query: AuditQuery, fault: str) -> HttpResponse:
    total = row_count(events_of(actor, query, EXPORT), denials_of(actor, query, EXPORT), MOST_ROWS)
    too_many = f"More than {MOST_ROWS:,} rows: narrow the time first." if total > MOST_ROWS else ""
    back = f"{reverse('audit:list')}?{request.GET.urlencode()}"
    context = {
        "title": "Export the audit log", "back": back, "asked": query.as_dict(), "total": total, "limit": MOST_ROWS,
        "reason": fault or too_many, "address": request.get_full_path(),
    }  # fmt: skip
    return show(request, "audit/export.html", context, status=422 if fault else 200)

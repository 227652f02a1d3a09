"""Pages of claims: list, one claim, the forms of what may be done with it, a second person's word."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.cases.models import Approval, ApprovalStatus, Case, CaseStatus
from retailops.events.models import Event
from retailops.lib.errors import NotFound, hidden
from retailops.lib.htmx import show
from retailops.lib.money import Money
from returns.access import access_slice
from returns.claim_access import access_claim, claim_named
from returns.inputs import read
from returns.inputs.claims import ClaimIn
from returns.services.claim_closing import WRITE_OFF_KIND
from returns.services.claim_drafting import claimed_of, draft_claim
from returns.services.claim_sending import APPROVAL_KIND
from returns.web.claim_actions import ACTIONS, offers
from returns.web.claim_forms import DraftForm
from returns.web.claim_listing import claim_listing
from returns.web.forms import VerdictForm
from returns.web.steps import Step, take_step

HISTORY_LIMIT = 30
KINDS = (APPROVAL_KIND, WRITE_OFF_KIND)


@login_required
@require_GET
def claim_list(request: HttpRequest) -> HttpResponse:
    """Show the claims of the query; htmx gets the rows with tabs and pager."""
    actor = actor_of(request)
    require(actor, Permission.CLAIMS_VIEW)
    context = {"listing": claim_listing(actor, request.GET)}
    return show(request, "claims/list.html", context, fragments={"claims": "claims/_list.html"})


@login_required
@require_GET
def claim_detail(request: HttpRequest, claim_number: str) -> HttpResponse:
    """Show one claim with its units, money, history and what may be done now."""
    actor = actor_of(request)
    claim = claim_named(actor, claim_number)
    approvals = Approval.objects.filter(subject_id=claim.id, kind__in=KINDS, status=ApprovalStatus.REQUESTED)
    found = offers(actor, claim)
    context = {
        "claim": claim,
        "offers": found,
        "next": next((offer.action.key for offer in found if not offer.reason), ""),
        "lines": claim.lines.select_related("location", "slice__line__rma"),
        "credits": claim.credits.order_by("id"),
        "approval": approvals.first(),
        "own": approvals.filter(requested_by=actor.key).exists(),
        "may_decide": can(actor, Permission.APPROVALS_DECIDE, region=claim.region, brand=claim.brand),
        "cases": Case.objects.filter(subject_id=claim.id, status=CaseStatus.OPEN),
        "history": Event.objects.filter(subject_id=claim.id)
        .select_related("remark")
        .order_by("-position")[:HISTORY_LIMIT],
    }
    return show(request, "claims/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def claim_action(request: HttpRequest, claim_number: str, claim_key: str) -> HttpResponse:
    """Show an action's form, or run its command."""
    actor, action = actor_of(request), ACTIONS.get(claim_key)
    if action is None:
        raise NotFound("There is no such action.")
    claim = access_claim(actor, claim_named(actor, claim_number).id, Permission.CLAIMS_WORK)
    step = Step(
        title=action.label,
        about=f"{claim.number} · {claim.supplier.name}",
        consequence=action.consequence(claim),
        done=action.done,
        back=_address(claim.number),
        reason=action.blocked(claim),
        danger=action.danger,
    )
    form = action.form(request.POST or None, claim=claim)
    return take_step(request, step, form, lambda data: action.run(actor, claim, data))


@login_required
@require_http_methods(["GET", "POST"])
def claim_draft(request: HttpRequest, slice_id: UUID) -> HttpResponse:
    """Ask how many units of a verdict are claimed from their supplier, or draft the claim."""
    actor = actor_of(request)
    part = access_slice(actor, slice_id, Permission.RETURNS_VIEW)
    rma = part.line.rma
    require(actor, Permission.CLAIMS_WORK, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    left = part.quantity - claimed_of(part)
    step = Step(
        title="Claim from supplier",
        about=f"{rma.number} · {part.quantity} × {part.line.sku}",
        consequence="The units are set aside for a claim; nothing leaves the stock before it is sent.",
        done="Claim drafted; it stands in Claims.",
        back=reverse("returns:detail", args=[rma.number]),
        reason="" if left else "All of these units are claimed already.",
    )
    form = DraftForm(request.POST or None, left=left)

    def draft(data: dict[str, object]) -> object:
        line = {"slice_id": part.id, "quantity": data["quantity"]}
        wanted = {"yes": True, "no": False}.get(str(data["send_back"]))
        told = {"lines": [line], "send_back": wanted, "reason": data["reason"]}
        return draft_claim(actor=actor, claim=read(ClaimIn, told))

    return take_step(request, step, form, draft)  # type: ignore[arg-type]  # cleaned data is a dict


@login_required
@require_http_methods(["GET", "POST"])
def claim_verdict(request: HttpRequest, approval_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a claim or a write-off, or give it."""
    actor = actor_of(request)
    approval = access_approval(actor, approval_id, Permission.APPROVALS_DECIDE)
    if approval.kind not in KINDS or verdict not in ("approve", "refuse"):
        raise hidden()
    claim = access_claim(actor, approval.subject_id)
    command = cases.approve if verdict == "approve" else cases.refuse
    return take_step(
        request,
        _verdict_step(approval, verdict, claim.number, own=approval.requested_by == actor.key),
        VerdictForm(request.POST or None),
        lambda data: command(actor, approval.id, data["reason"]),
    )


def _verdict_step(approval: Approval, verdict: str, number: str, *, own: bool) -> Step:
    what = "claim" if approval.kind == APPROVAL_KIND else "write-off"
    means = {
        ("claim", "approve"): "The claim goes to the supplier at once.",
        ("claim", "refuse"): "The claim is a draft again; nothing is sent.",
        ("write-off", "approve"): "The rest is given up and the claim closes.",
        ("write-off", "refuse"): "Nothing is written off; the claim stays as it is.",
    }
    # Every word on a claim is asked for with its money (`claim_sending`, `claim_closing`).
    money = "not told" if approval.amount is None else str(Money(approval.amount, approval.currency))
    return Step(
        title=f"{'Approve' if verdict == 'approve' else 'Refuse'} {what}",
        about=f"{number} · {approval.asked.get('supplier', '')}",
        consequence=means[what, verdict],
        done="Approved." if verdict == "approve" else "Refused.",
        back=_address(number),
        reason="You asked for this: somebody else must decide it." if own else "",
        danger=verdict == "refuse",
        facts=(
            ("Amount", money),
            ("Asked because", approval.reason),
            ("Rule", "; ".join(approval.asked["rules"]) or "none"),
        ),
    )


def _address(number: str) -> str:
    return reverse("claims:detail", args=[number])

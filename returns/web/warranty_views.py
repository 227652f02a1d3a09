"""Steps of warranty on a return's page: the verdict, the repair, the parcel to the customer, the replacement."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from returns.models import WarrantyAssessment
from returns.services import warranty
from returns.web.steps import Step, take_step
from returns.web.views import by_number
from returns.web.warranty_steps import STEPS


@login_required
@require_http_methods(["GET", "POST"])
def warranty_step(request: HttpRequest, number: str, assessment_id: UUID, warranty_step: str) -> HttpResponse:
    """Show a step's form, or run its command."""
    actor, wanted = actor_of(request), STEPS.get(warranty_step)
    rma = by_number(actor, number)
    assessment = warranty.access_assessment(actor, assessment_id)
    if wanted is None or assessment.rma_id != rma.id:
        raise NotFound("There is no such step.")
    step = Step(
        title=wanted.label,
        about=f"{rma.number} · {assessment.quantity} × {assessment.line.sku}",
        consequence=wanted.consequence,
        done=wanted.done,
        back=reverse("returns:detail", args=[rma.number]),
        reason="" if wanted.when(assessment) else "The units are not ready for that.",
        danger=wanted.danger,
        facts=_told(assessment),
    )
    form = wanted.form(request.POST if request.method == "POST" else None, assessment=assessment)
    return take_step(request, step, form, lambda data: wanted.run(actor, assessment, data))


def _told(assessment: WarrantyAssessment) -> tuple[tuple[str, str], ...]:
    """Return what the customer said of the units, and what shows it."""
    line = assessment.line
    asked = (line.order_line.line_no if line.order_line else 0, line.sku)
    seen = assessment.rma.policy_facts.get("lines", [])
    evidence = [text for each in seen if (each["line_no"], each["sku"]) == asked for text in each.get("evidence", ())]
    said = (
        ("Asked for", str(line.get_resolution_display())),
        ("Because", line.customer_reason.replace("_", " ")),
        ("Evidence", ", ".join(evidence)),
    )
    return tuple((label, text) for label, text in said if text)

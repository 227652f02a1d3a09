"""Replacements under warranty: proposed as an exchange for the same goods, or sent by a person and recorded."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, DomainError
from returns.enums import RemedyStatus, Resolution, ReturnStatus
from returns.inputs import read
from returns.inputs.exchanges import ExchangeIn
from returns.models import Exchange, WarrantyAssessment
from returns.services.closing import end_trouble, finish
from returns.services.exchanges import cancel_exchange, propose_for, why_not_stopped
from returns.services.warranty import lock_assessment
from returns.services.warranty_following import count_replaced
from returns.troubles import warranty as troubles

POLICY = Actor.system("policy")
T = RemedyStatus


def follow_promise(assessment_id: UUID) -> None:
    """Propose the replacement of an assessment that was just promised one; where that cannot be, a case asks for it.

    For the subscriber of `warranty.replacement_due`.
    """
    try:
        with transaction.atomic():
            propose_replacement(actor=POLICY, assessment_id=assessment_id)
    except DomainError as refused:
        assessment = lock_assessment(POLICY, assessment_id)
        troubles.replacement_due(POLICY, assessment, why=refused.detail)


@transaction.atomic
def propose_replacement(*, actor: Actor, assessment_id: UUID) -> Exchange:
    """Propose the same goods once more for units that a warranty replaces, and hold them where there are enough.

    One at a time: again returns the one that goes on. Its units move no money and are counted as replaced once it was
    shipped. Raises Conflict (no replacement is owed, the return is not authorized), Unprocessable, Denied, NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    live = going_on(assessment)
    if live is not None:
        return live
    if assessment.progress != T.REPLACEMENT_DUE:
        said = assessment.get_progress_display().lower()
        raise Conflict(f"No replacement is owed for these units: {said}.", code="transition-refused")
    if assessment.rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {assessment.rma.status}.", code="not-authorized")
    line = {"line_no": assessment.line.line_no, "quantity": assessment.quantity}
    wanted = {"resolution": Resolution.REPLACEMENT, "lines": [line], "reserve": True, "reason": "warranty"}
    exchange = propose_for(actor, assessment.rma, read(ExchangeIn, wanted), assessment)
    evidence = {"exchange": str(exchange.id)}
    end_trouble(actor, exchange.rma, f"warranty_replacement:{assessment.id}", "An exchange sends it.", evidence)
    finish(actor, exchange.rma)
    return exchange


def going_on(assessment: WarrantyAssessment) -> Exchange | None:
    """Return the replacement that is under way or went, if there is one."""
    rows = Exchange.objects.filter(assessment=assessment).exclude(status__in=("converted", "canceled"))
    return rows.select_related("rma__order").first()


@transaction.atomic
def record_replacement(*, actor: Actor, assessment_id: UUID, tracking: str = "") -> WarrantyAssessment:
    """A person sent new units for these; the exchange that would have sent them is given up. Told already: nothing
    changes.

    Raises Conflict while the warehouse is asked to ship that exchange, TransitionRefused, Denied, NotFound.
    """
    assessment = lock_assessment(actor, assessment_id)
    if assessment.progress == T.REPLACED:
        return assessment
    live = going_on(assessment)
    if live is not None:
        if why := why_not_stopped(live):
            raise Conflict(why, code="on-its-way", present=str(live.status))
        cancel_exchange(actor=POLICY, exchange_id=live.id, reason="A person sent the replacement.")
        assessment = lock_assessment(actor, assessment_id)
    count_replaced(actor, assessment.rma, assessment, tracking)
    finish(actor, assessment.rma)
    return assessment

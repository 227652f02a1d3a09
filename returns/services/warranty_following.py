"""What a warranty's verdict makes of the replacement that was promised: it went, or the customer gets money instead.

For commands on exchanges, which hold the return and end themselves with its close rule.
"""

from retailops.accounts.actor import Actor
from retailops.lib.fsm import fire
from returns.enums import Remedy
from returns.events.warranty import WarrantyReplaced, WarrantyReplacementGivenUp
from returns.models import Exchange, Return, WarrantyAssessment
from returns.services.closing import end_trouble
from returns.services.decisions import save_lines
from returns.services.warranty import tell


def count_replaced(actor: Actor, rma: Return, assessment: WarrantyAssessment, tracking: str) -> None:
    """New units went for those of the assessment: they count as replaced, once. The locked return is read anew."""
    assessment.rma = assessment.line.rma = rma
    fire(assessment.replace)
    assessment.tracking = tracking
    assessment.save()
    assessment.line.refresh_from_db(fields=["replaced"])
    assessment.line.replaced += assessment.quantity
    save_lines([assessment.line], "replaced")
    tell(actor, WarrantyReplaced, assessment)
    evidence = {"tracking": tracking} if tracking else {"told_by": actor.key}
    end_trouble(actor, rma, f"warranty_replacement:{assessment.id}", "the replacement was sent", evidence)


def replaced_by(actor: Actor, exchange: Exchange) -> None:
    """The replacement of a warranty went: its units are replaced. Other exchanges are left alone."""
    if exchange.assessment is not None:
        count_replaced(actor, exchange.rma, exchange.assessment, exchange.tracking)


def refunded_instead(actor: Actor, exchange: Exchange, reason: str) -> None:
    """The replacement of a warranty was converted: its units have earned a refund, which follows policy."""
    assessment = exchange.assessment
    if assessment is None:
        return
    assessment.rma = assessment.line.rma = exchange.rma
    fire(assessment.owe_refund)
    assessment.remedy, assessment.reason = Remedy.REFUND, reason[:200]
    assessment.save()
    tell(actor, WarrantyReplacementGivenUp, assessment, reason=reason[:200])

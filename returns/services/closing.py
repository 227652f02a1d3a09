"""The close rule: every authorized unit is disposed of, missing, kept or canceled; no refund is under way; the stock is
acknowledged by its owner; the memo is posted where required; no exchange still goes on; no case is open."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseStatus
from retailops.cases.services import resolve_troubles
from retailops.events.prepared import Prepared
from retailops.events.publish import publish
from retailops.lib.errors import Conflict
from retailops.lib.fsm import fire
from returns import facets
from returns.enums import ErpState, InspectionState, MoneyState, ReturnStatus, StockState
from returns.events import ReturnClosed
from returns.facets import Facets
from returns.facts import return_fact
from returns.models import Return
from returns.return_lines import lines_of
from returns.services.locking import lock_return
from returns.services.warranty_waiting import promised_and_not_done

_OPEN_TROUBLES = Prepared(
    lambda keys: Case.objects.filter(dedupe_key__in=keys, status=CaseStatus.OPEN).values_list("dedupe_key", flat=True)
)


def finish(actor: Actor, rma: Return) -> Return:
    """End a command on the locked return: save it with its facets, and close it when nothing is left to do."""
    standing = facets.bring_up_to_date(rma)
    complete = rma.status == ReturnStatus.AUTHORIZED and not standing.due and not what_is_left(rma, standing)
    if complete:
        fire(rma.close)
    facets.save(rma)
    if complete:
        _tell_closed(actor, rma, code="complete")
    return rma


def close_if_complete(actor: Actor, rma: Return) -> Return:
    """Close the locked return when the close rule holds; else only bring its facets up to date."""
    return finish(actor, rma)


def end_trouble(actor: Actor, rma: Return, trouble: str, reason: str, evidence: dict[str, Any]) -> None:
    """Resolve the open case of a trouble that is over, if there is one; the locked return is saved and read anew.

    The case's subscriber may close the return: what this command holds in memory must not undo that.
    """
    facets.keep(rma)
    if resolve_troubles(actor, trouble, reason, evidence):
        rma.refresh_from_db()


def end_troubles(actor: Actor, rma: Return, troubles: Sequence[str], reason: str, evidence: dict[str, Any]) -> None:
    """Do as `end_trouble` for each of these that has an open case, for a command that saves the return at its end:
    mostly there is none, and one read says so."""
    for trouble in sorted(_OPEN_TROUBLES.all(troubles)):
        end_trouble(actor, rma, trouble, reason, evidence)


@transaction.atomic
def close_return(*, actor: Actor, return_id: UUID, reason: str, expected_version: int | None = None) -> Return:
    """Close a return that needs nothing more, though units that could be refunded were not.

    Raises Conflict naming what is left to do.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, expected_version=expected_version)
    standing = facets.bring_up_to_date(rma)
    left = what_is_left(rma, standing)
    if rma.status == ReturnStatus.AUTHORIZED and left:
        raise Conflict(f"Not yet: {'; '.join(left)}.", code="not-complete", left=left)
    fire(rma.close)
    facets.save(rma)
    _tell_closed(actor, rma, words=reason)
    return rma


def what_is_left(rma: Return, standing: Facets) -> list[str]:
    """Return what keeps the return from closing, in words; empty when the close rule holds."""
    conditions = (
        (standing.awaited > 0, f"{standing.awaited} units are still expected"),
        (
            standing.inspection not in (InspectionState.NONE, InspectionState.DONE),
            "units that arrived wait for inspection",
        ),
        (standing.stock not in (StockState.NONE, StockState.PLACED), "stock is not placed by its owner"),
        (standing.money in (MoneyState.PENDING, MoneyState.ATTENTION), "a refund is not settled"),
        (standing.exchanging > 0, "an exchange still goes on"),
        (_memo_missing(rma, standing), "the credit memo is not posted"),
        (promised_and_not_done(rma), "a repair, a replacement or a parcel to the customer is owed"),
        (standing.open_cases > 0, f"{standing.open_cases} cases are open"),
    )
    return [words for unmet, words in conditions if unmet]


def refuse_closed(rma: Return) -> None:
    """Raise Conflict for a closed return: what it was closed on is corrected only after it is opened again."""
    if rma.status == ReturnStatus.CLOSED:
        raise Conflict("The return is closed: reopen it first.", code="closed")


def _memo_missing(rma: Return, standing: Facets) -> bool:
    if standing.erp in (ErpState.QUEUED, ErpState.REJECTED):
        return True
    return rma.memo_required and standing.paid and standing.erp != ErpState.POSTED


def _tell_closed(actor: Actor, rma: Return, *, code: str = "", words: str = "") -> None:
    fact = return_fact(ReturnClosed, rma, lines_of(rma))
    publish(fact, subject=rma.as_subject(), actor=actor, reason_code=code, words=words)

"""How every case of this app is opened."""

from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case
from retailops.events.catalog import Subject
from retailops.lib.money import Money


def open_trouble(
    actor: Actor,
    kind: str,
    subject: Subject,
    title: str,
    next_action: str,
    *,
    cause: str,
    dedupe: str = "",
    queue: str = CaseQueue.BUSINESS,
    amount: int | None = None,
    currency: str = "",
    detail: str = "",
    evidence: dict[str, Any] | None = None,
) -> None:
    case = CaseIn(
        kind=kind,
        queue=queue,
        title=title,
        dedupe_key=f"{kind}:{dedupe or subject.id}"[:200],
        subject=subject,
        detail=detail,
        next_action=next_action,
        group_title=cause,
        money=None if amount is None else Money(amount, currency),
        evidence=evidence or {},
    )
    open_case(actor, case)

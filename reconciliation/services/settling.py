"""How every discrepancy opens and ends: with its event, and with its case."""

from dataclasses import dataclass
from typing import Any, TypeVar

from reconciliation.events import DiscrepancyFact, DiscrepancyOpened, DiscrepancyResolved
from reconciliation.models import DRIFT, Discrepancy, DiscrepancyStatus, DiscrepancyType, Resolution
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case, resolve_troubles
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.fsm import fire
from retailops.lib.money import Money

Fact = TypeVar("Fact", bound=DiscrepancyFact)
CASE_KINDS = frozenset(map(str, DRIFT))
NEXT = {
    Resolution.TOOK_THEIRS: "Compare the two; where the owner is right, take its value over",
    Resolution.TOLD_OURS: "Have them mend it there, or say why it may stay so",
}


def fact_of(kind: type[Fact], found: Discrepancy, **more: Any) -> Fact:
    """Return a fact of the discrepancy; its order must be loaded, where it has one."""
    return kind(
        discrepancy_id=str(found.id),
        type=str(found.type),
        order_id=str(found.order_id or ""),
        number=found.name,
        order_external_id=found.order.external_id if found.order else "",
        object=found.object,
        external_id=found.external_id,
        field=found.field,
        system=found.system,
        owner=found.owner,
        amount=found.amount,
        currency=found.currency,
        **more,
    )


def trouble_of(found: Discrepancy) -> str:
    """Return the dedupe key of its case."""
    return f"discrepancy:{found.id}"


@dataclass(frozen=True)
class Opening:
    """The words of a discrepancy's case."""

    kind: str
    title: str
    detail: str
    next_action: str
    fingerprint: str
    group_title: str = ""


def open_discrepancy(actor: Actor, found: Discrepancy) -> None:
    """Write a new discrepancy of a field of an order or a return, tell it, and open its case."""
    what = found.object.replace("_", " ")
    name = found.field.replace("_", " ")
    told = f"{name} of its {what} {found.external_id}" if found.object != "order" else name
    title = f"Order {found.name}: {found.system} tells another {told}"
    if found.type == DiscrepancyType.RETURN_DRIFT:
        title = f"{found.name}: {found.system} tells another {name}"
    here, there = found.ours_shown or "nothing", found.theirs_shown or "nothing"
    words = Opening(
        str(found.type),
        title,
        f"Here: {here}. There: {there}. Owner: {found.owner}.",
        NEXT[Resolution(found.suggestion)],
        f"drift:{found.system}:{found.object}:{found.field}",
        f"{found.system} tells another {name}",
    )
    open_with_case(actor, found, words)


def open_with_case(actor: Actor, found: Discrepancy, words: Opening) -> None:
    """Write a new discrepancy, tell it, and open its case in these words."""
    found.save(force_insert=True)
    publish(fact_of(DiscrepancyOpened, found), subject=found.as_subject(), actor=actor)
    case = open_case(
        actor,
        CaseIn(
            kind=words.kind,
            queue=CaseQueue.BUSINESS,
            title=words.title[:200],
            dedupe_key=trouble_of(found),
            subject=found.as_subject(),
            detail=words.detail,
            next_action=words.next_action,
            fingerprint=words.fingerprint[:64],
            group_title=(words.group_title or found.get_type_display())[:200],
            system=found.system[:40],
            money=Money(found.amount, found.currency) if found.amount else None,
            evidence={"discrepancy": str(found.id), "field": found.field, "owner": found.owner},
        ),
    )
    found.case_id = case.id
    found.save(update_fields=["case_id"])


def settle(
    actor: Actor, found: Discrepancy, resolution: Resolution, reason: str, evidence: dict[str, Any]
) -> Discrepancy:
    """End a locked open discrepancy with an actor, a reason and evidence, tell it, and end its case."""
    fire(found.resolve)
    found.resolution, found.resolved_by = resolution, actor.key
    found.reason, found.evidence = reason[:200], evidence
    found.last_seen_at = now()
    found.save()
    fact = fact_of(DiscrepancyResolved, found, resolution=str(resolution))
    publish(fact, subject=found.as_subject(), actor=actor)
    resolve_troubles(actor, trouble_of(found), reason, evidence | {"discrepancy": str(found.id)})
    return found


def open_ones(**which: Any) -> list[Discrepancy]:
    """Return the locked open discrepancies, in id order, with their orders."""
    rows = Discrepancy.objects.select_for_update(no_key=True, of=("self",)).select_related("order", "item")
    return list(rows.filter(status=DiscrepancyStatus.OPEN, **which).order_by("id"))

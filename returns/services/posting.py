"""Hand dispositions to whoever owns the stock; stock leaves *pending inspection* when the owner acknowledges."""

from collections.abc import Sequence

from inventory.models import Location
from retailops.accounts.actor import Actor
from retailops.events.models import Delivery
from retailops.events.prepared import Prepared
from retailops.events.publish import append, compose
from retailops.events.updating import update_rows
from retailops.lib.fsm import fire
from returns.events import DispositionDecided, DispositionFact, DispositionPosted
from returns.facts import disposition_fact, reason_term
from returns.models import DispositionSlice, Return
from returns.services.stock import place

OPERATION = "stock.place"
BY_US = "retailops"
_OWED = Prepared(
    lambda keys: Delivery.objects.filter(operation=OPERATION, effect_key__in=keys).values_list("effect_key", flat=True)
)


def hand_over(actor: Actor, rma: Return, parts: Sequence[DispositionSlice], location: Location) -> None:
    """Tell each decision. Where a warehouse system is owed it, the slice is posting until it answers; where no other
    system owns the stock, it is posted at once."""
    tell(actor, DispositionDecided, rma, parts, location.code)
    owed = _owed_elsewhere(parts)
    for part in parts:
        if _key(part) in owed:
            fire(part.start_posting)
    ours = [part for part in parts if _key(part) not in owed]
    update_rows(parts, ["status"])
    post(actor, rma, ours, BY_US)


def post(actor: Actor, rma: Return, parts: Sequence[DispositionSlice], reference: str) -> None:
    """Record that the owner of the stock has the slices: stock moves now (line and inspection's location loaded)."""
    if not parts:
        return
    for part in parts:
        fire(part.post)
        part.external_reference, part.failure = reference, ""
    update_rows(parts, ["status", "posted_at", "external_reference", "failure"])
    place(actor, rma, parts)
    tell(actor, DispositionPosted, rma, parts, parts[0].inspection.location.code)


def tell(
    actor: Actor, kind: type[DispositionFact], rma: Return, parts: Sequence[DispositionSlice], location: str
) -> None:
    """Publish one event for each slice."""
    subject = rma.as_subject()
    events = [
        compose(
            disposition_fact(kind, part, location), subject=subject, actor=actor, reason_code=reason_term(part),
            words=part.reason if kind is DispositionDecided and not reason_term(part) else "",
        )
        for part in parts
    ]  # fmt: skip
    append(events, {event.id: subject.lane for event in events})


def _key(part: DispositionSlice) -> str:
    return f"place:{part.id}"


def _owed_elsewhere(parts: Sequence[DispositionSlice]) -> set[str]:
    return set(_OWED.all([_key(part) for part in parts]))

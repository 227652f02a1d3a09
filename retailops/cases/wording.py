"""Plain words for the cases that deliveries open: who did what with what, and why.

The kernel knows names of destinations, operations and failure codes; what people call them is registered by the apps
that own them. Whatever nobody has words for is told as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from retailops.events.enums import OutcomeClass
from retailops.events.models import Event
from retailops.lib.money import Money


@dataclass(frozen=True)
class Thing:
    """What an operation is about: `one` with its article ("the refund"), `many` ("refunds")."""

    one: str
    many: str
    doubt: str = "was done"


@dataclass(frozen=True)
class Explanation:
    """Why something was refused, as the end of a sentence, and what to do about it; an empty step: the usual one."""

    because: str
    next_action: str = ""


Names = Callable[[UUID], str]
Explain = Callable[[str, str, str], Explanation | None]
_names: list[Names] = []
_explain: list[Explain] = []
_things: dict[str, Thing] = {}
LONGEST_QUOTE = 80

# How a failure reads of one thing, and of the cause that many share.
_ONE = {
    OutcomeClass.BUSINESS: "{system} refused {thing}",
    OutcomeClass.CONTRACT: "{system} could not take {thing}",
    OutcomeClass.TRANSIENT: "{system} could not be reached in time for {thing}",
}
_MANY = {
    OutcomeClass.BUSINESS: "{system} refuses {things}",
    OutcomeClass.CONTRACT: "{system} cannot take {things}",
    OutcomeClass.TRANSIENT: "{system} cannot be reached in time for {things}",
}


def register_names(names: Names) -> None:
    """Register how people call a destination: return its label by id, or "" for one of another app."""
    if names not in _names:
        _names.append(names)


def register_things(things: Mapping[str, Thing]) -> None:
    """Register what operations are about, by operation."""
    _things.update(things)


def register_explanations(explain: Explain) -> None:
    """Register the meaning of failure codes: of a system, an operation and a code; None where it is not known."""
    if explain not in _explain:
        _explain.append(explain)


def system_of(destination_id: UUID, name: str) -> str:
    """Return what people call the destination."""
    return next((label for names in _names if (label := names(destination_id))), name)


def thing_of(operation: str) -> Thing:
    """Return what the operation is about."""
    plain = operation.replace(".", " ").replace("_", " ")
    return _things.get(operation) or Thing(f"the message “{plain}”", f"messages “{plain}”")


def explained(system: str, operation: str, code: str) -> Explanation | None:
    """Return what a failure code means, where an app knows."""
    return next((found for explain in _explain if (found := explain(system, operation, code))), None)


def title(system: str, data: Mapping[str, Any], event_id: UUID | str) -> str:
    """Return what happened to one thing: "Stripe refused the refund of 12.30 GBP for RMA-2026-000111: …"."""
    told = f"{thing_of(data['operation']).one}{_worth(data)}{_whose(event_id)}"
    form = _ONE.get(data["failure_class"], "{system} did not take {thing}")
    return form.format(system=system, thing=told) + _because(data, quote=True)


def group_title(system: str, data: Mapping[str, Any]) -> str:
    """Return the cause without amounts and ids: what many cases of one fingerprint share."""
    form = _MANY.get(data["failure_class"], "{system} does not take {things}")
    return form.format(system=system, things=thing_of(data["operation"]).many) + _because(data, quote=False)


def doubt_title(system: str, operation: str, money: Money | None, event_id: UUID | str) -> str:
    """Return that nobody knows yet whether a thing was done."""
    thing = thing_of(operation)
    worth = f" of {money}" if money else ""
    return f"{system} does not tell whether {thing.one}{worth}{_whose(event_id)} {thing.doubt}"


def doubt_group_title(system: str, operation: str) -> str:
    """Return the same of many."""
    return f"{system} does not tell what became of {thing_of(operation).many}"


def _worth(data: Mapping[str, Any]) -> str:
    return f" of {Money(data['amount'], data['currency'])}" if data["amount"] is not None else ""


def _whose(event_id: UUID | str) -> str:
    number = Event.objects.filter(pk=event_id).values_list("data__number", flat=True).first()
    return f" for {number}" if number else ""


def _because(data: Mapping[str, Any], *, quote: bool) -> str:
    code = data["failure_code"]
    if found := explained(data["system"], data["operation"], code):
        return f": {found.because}"
    said = " ".join(str(data["failure_message"]).split()).rstrip(".")
    if quote and said and len(said) <= LONGEST_QUOTE:
        return f": it says “{said}”"
    return f": {code.replace('_', ' ')}" if code else ""

"""The actions registry: what may be done next about a case of some kind. Apps register; pages and the API read."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from retailops.accounts.actor import Actor, can
from retailops.cases.models import Case, CaseStatus


def _nothing(case: Case) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Action:
    """One next step: what it says, which URL name does it with which arguments, and the permission it takes.

    `possible` returns why it cannot be done now, or "".
    """

    label: str
    url_name: str
    permission: str
    url_kwargs: Callable[[Case], dict[str, Any]] = field(default=_nothing)
    possible: Callable[[Case], str] = field(default=lambda case: "")


@dataclass(frozen=True)
class Offered:
    """An action offered to one actor: its address' parts, and why it is disabled (empty: it is not)."""

    label: str
    url_name: str
    url_kwargs: dict[str, Any]
    disabled: str


_actions: dict[str, list[Action]] = defaultdict(list)


def register_actions(kind: str, *actions: Action) -> None:
    """Offer actions for cases of a kind, in this order, the most likely first; registering one twice is once."""
    for action in actions:
        if all(known.url_name != action.url_name for known in _actions[kind]):
            _actions[kind].append(action)


def next_actions(actor: Actor, case: Case) -> list[Offered]:
    """Return the actions that the actor's permissions allow on the case; those not possible now carry the reason."""
    if case.status != CaseStatus.OPEN:
        return []
    allowed = [a for a in _actions[case.kind] if can(actor, a.permission, region=case.region, brand=case.brand)]
    return [Offered(a.label, a.url_name, a.url_kwargs(case), a.possible(case)) for a in allowed]

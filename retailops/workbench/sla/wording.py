"""Promises in plain words: spans of time, events that move a clock, scopes, hours."""

from collections.abc import Sequence
from typing import Any

from retailops.cases.promises import in_words
from retailops.sla.book import MOVES
from retailops.sla.hours import WEEKDAYS
from retailops.sla.models import SCOPE, SlaCalendar, SlaPolicy
from retailops.workbench import words

TURNS = {
    "starts": "Starts with",
    "stops": "Is met by",
    "cancels": "Is moot after",
    "revives": "Goes on again after",
    "pauses": "Stands still from",
    "resumes": "Runs again from",
}
_DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
__all__ = ["TURNS", "days_told", "in_words", "moves_told", "scope_told"]


def scope_told(policy: SlaPolicy) -> str:
    """Return where it holds: "region uk, channel web"; "everywhere"."""
    given = [f"{name} {getattr(policy, name)}" for name in SCOPE if getattr(policy, name)]
    return ", ".join(given) or "everywhere"


def moves_told(policy: SlaPolicy) -> list[tuple[str, list[str]]]:
    """Return what moves its clocks: what happens, by which events."""
    fields = [field for _, field in MOVES]
    return [
        (TURNS[field], [_event_told(move) for move in getattr(policy, field)])
        for field in fields
        if getattr(policy, field)
    ]


def _event_told(move: dict[str, Any]) -> str:
    text = words.event(move["type"]).text
    given = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in move.get("where", {}).items()]
    when = {"": "", "recorded": ", when we recorded it"}.get(
        move.get("at", ""), f", at its {move.get('at', '').replace('_', ' ')}"
    )
    return f"{text}{' (' + ', '.join(given) + ')' if given else ''}{when}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


def days_told(calendar: SlaCalendar) -> list[tuple[str, str]]:
    """Return the weekdays with their open spans: ("Monday", "09:00 to 17:00")."""
    return [(_DAYS[day], _spans_told(calendar.hours.get(day, ()))) for day in WEEKDAYS]


def _spans_told(spans: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"{opens} to {closes}" for opens, closes in spans) or "closed"

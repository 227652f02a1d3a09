"""The form of what moves a promise's clocks: for each of its turns, which events, and when they count."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from pydantic import ValidationError

from retailops.sla.book import MOVES
from retailops.sla.inputs import MoveIn
from retailops.sla.models import SlaPolicy
from retailops.sla.move_choices import moving_events
from retailops.sla.moves import RECORDED
from retailops.workbench import words
from retailops.workbench.sla.wording import TURNS

# Rows that are free to be filled beside those that are there.
FREE = 2
WHEN = (("", "when it occurred"), (RECORDED, "when we recorded it"))


def as_text(where: Mapping[str, Any]) -> str:
    """Return conditions as the form writes them: `disposition=sellable|refurbish, superseded=false`."""
    return ", ".join(f"{name}={_written(value)}" for name, value in where.items())


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(_written, value))
    return value if isinstance(value, str) else json.dumps(value)


def conditions(text: str) -> dict[str, Any]:
    """Return the conditions that a text spells. Raises ValueError, naming the part that spells none."""
    found: dict[str, Any] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, sign, value = (each.strip() for each in part.partition("="))
        if not (name and sign and value):
            raise ValueError(f"“{part}” is no condition: write field=value.")
        values = [_read(each.strip()) for each in value.split("|")]
        found[name] = values if len(values) > 1 else values[0]
    return found


def _read(text: str) -> Any:
    """Return yes and no, numbers and nothing as such; all else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


class MovesForm(forms.Form):
    """Rows of event, instant and conditions, for each turn of the clock. An empty event is no row."""

    def __init__(self, *args: Any, policy: SlaPolicy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policy = policy
        known = moving_events(policy.subject_type)
        choices = sorted(((name, words.event(name).text) for name in known), key=lambda each: each[1])
        for kind, number, move in self._rows():
            self._add(f"{kind}_{number}", TURNS[kind], move, choices)

    def _rows(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        for _, kind in MOVES:
            given = list(getattr(self.policy, kind))
            for number, move in enumerate([*given, *({} for _ in range(FREE))]):
                yield kind, number, move

    def _add(self, name: str, turn: str, move: dict[str, Any], choices: list[tuple[str, str]]) -> None:
        type, at = move.get("type", ""), move.get("at", "")
        offered = choices if not type or type in dict(choices) else [*choices, (type, words.event(type).text)]
        own = [(at, f"at its {at.replace('_', ' ')}")] if at and at != RECORDED else []
        self.fields[f"{name}_type"] = forms.ChoiceField(
            label=f"{turn}: event", choices=[("", "none"), *offered], required=False, initial=type
        )
        self.fields[f"{name}_at"] = forms.ChoiceField(
            label=f"{turn}: counts", choices=[*WHEN, *own], required=False, initial=at
        )
        self.fields[f"{name}_where"] = forms.CharField(
            label=f"{turn}: only where", required=False, max_length=300, initial=as_text(move.get("where", {}))
        )

    @property
    def turns(self) -> list[tuple[str, list[tuple[Any, Any, Any]]]]:
        """Return what each turn is called, with its rows: event, instant, conditions."""
        found: dict[str, list[tuple[Any, Any, Any]]] = {}
        for kind, number, _ in self._rows():
            row = (self[f"{kind}_{number}_type"], self[f"{kind}_{number}_at"], self[f"{kind}_{number}_where"])
            found.setdefault(TURNS[kind], []).append(row)
        return list(found.items())

    def moves(self) -> dict[str, list[MoveIn]] | None:
        """Return the moves of each turn; None where one cannot be, which is then told beside it."""
        found: dict[str, list[MoveIn]] = {kind: [] for _, kind in MOVES}
        for kind, number, _ in self._rows():
            name = f"{kind}_{number}"
            if type := self.cleaned_data.get(f"{name}_type"):
                try:
                    where = conditions(self.cleaned_data[f"{name}_where"])
                    found[kind].append(MoveIn(type=type, at=self.cleaned_data[f"{name}_at"], where=where))
                except ValidationError as invalid:
                    self.add_error(f"{name}_type", str(invalid.errors()[0]["msg"]).removeprefix("Value error, "))
                except ValueError as wrong:
                    self.add_error(f"{name}_where", str(wrong))
        return None if self.errors else found

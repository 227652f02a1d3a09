"""Which events may move the clock of a promise, by the catalogue of canonical events."""

from collections.abc import Mapping
from dataclasses import fields

from retailops.events.catalog import EventType, event_types
from retailops.lib.errors import FieldError
from retailops.sla.inputs import MoveIn
from retailops.sla.moves import RECORDED


def moving_events(subject_type: str) -> dict[str, EventType]:
    """Return the events that tell of a thing of this type (their data name it), by name; the newest version of each."""
    named = f"{subject_type}_id"
    return {
        each.name: each
        for each in event_types()
        if not each.name.startswith("sla.") and any(field.name == named for field in fields(each.shape))
    }


def faults_of(subject_type: str, moves: Mapping[str, list[MoveIn] | None]) -> list[FieldError]:
    """Return what is wrong with the moves of a promise about that type: each by `/stops/0/where`, in its order."""
    known = moving_events(subject_type)
    faults = [
        FieldError(f"/{kind}/{number}/{part}", detail)
        for kind, given in moves.items()
        for number, move in enumerate(given or ())
        for part, detail in _faults(subject_type, move, known.get(move.type))
    ]
    needed = {"starts": "A clock must start with something.", "stops": "A clock must be met by something."}
    faults += [FieldError(f"/{kind}", detail) for kind, detail in needed.items() if moves.get(kind) == []]
    return faults


def _faults(subject_type: str, move: MoveIn, known: EventType | None) -> list[tuple[str, str]]:
    if known is None:
        return [("type", f"{move.type} does not say of which {subject_type} it tells.")]
    names = {field.name for field in fields(known.shape)}
    faults = [("where", f"{move.type} has no {name}.") for name in move.where if name not in names]
    if move.at not in ("", RECORDED, *names):
        faults.append(("at", f"{move.type} has no {move.at}."))
    return faults

"""What may be changed in a message by hand, and what differs between two."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from retailops.events.catalog import adapter, registry
from retailops.events.models import Event
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.wire import as_invalid, escaped

# Which money goes where, and what it is about, is decided by commands: never by hand in a message.
_LOCKED = re.compile(r"(^|_)(ids?|number|amount|amounts|currency|key|reference|references|price|total|sku|quantity)$")


@dataclass(frozen=True)
class Change:
    """One text that differs: where (a JSON pointer), what it was, what it is."""

    pointer: str
    before: Any
    after: Any
    locked: bool


def changes_of(before: Any, after: Any) -> list[Change]:
    """Return what differs between two messages, in order. What is there in only one of them differs as a whole."""
    return list(_changes(before, after, "", locked=False))


def _changes(before: Any, after: Any, place: str, *, locked: bool) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            inner = locked or bool(_LOCKED.search(str(key)))
            there = key in before and key in after
            if not there:
                yield Change(f"{place}/{escaped(key)}", before.get(key), after.get(key), locked=True)
            else:
                yield from _changes(before[key], after[key], f"{place}/{escaped(key)}", locked=inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes(one, other, f"{place}/{index}", locked=locked)
    elif type(before) is not type(after) or before != after:
        yield Change(place or "/", before, after, locked or not _is_text(before) or not _is_text(after))


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def require_editable(event: Event, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the changes of an edit. Raises Invalid, with a pointer to each fault.

    Texts may be corrected. Ids, amounts, currencies, numbers and the shape of the message are locked. The result must
    fit the schema of its event type.
    """
    changes = changes_of(before, after)
    if not changes:
        raise Invalid("Nothing is changed.", code="nothing-changed")
    if locked := [change for change in changes if change.locked]:
        faults = [FieldError(change.pointer, "Cannot be changed by hand.") for change in locked[:50]]
        raise Invalid("Ids, amounts and currency cannot be changed, and nothing be added or left out.", errors=faults)
    _require_schema(event, after)
    return changes


def _require_schema(event: Event, message: dict[str, Any]) -> None:
    declared = registry.types.get((event.type, event.version))
    if declared is None:
        raise Invalid(f"There is no schema of {event.type} version {event.version} to check it against.")
    shape: TypeAdapter[Any] = adapter(declared.shape)
    try:
        shape.validate_python(message)
    except ValidationError as invalid:
        raise as_invalid(invalid) from invalid

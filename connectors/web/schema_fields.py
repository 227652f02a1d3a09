"""Form fields made from a vendor's own pydantic schema: title, help, kind, choices, bounds, default, required."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from pydantic import BaseModel

Schema = Mapping[str, Any]
ROWS_LEAST, ROWS_MOST = 3, 14


class LinesField(forms.CharField):
    """A list of texts, one a line. Empty lines count for nothing."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Return a list as lines; what was typed stays as it is."""
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines that say something."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


class PairsField(forms.CharField):
    """A table of two columns, one pair a line: `ours = theirs`, or two cells of a spreadsheet (a tab between them)."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Return a table as lines; what was typed stays as it is."""
        return "\n".join(f"{left} = {right}" for left, right in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        """Return the table. Raises ValidationError for a line without two sides, and for one that is there twice."""
        pairs: dict[str, str] = {}
        for number, line in enumerate(str(value or "").splitlines(), start=1):
            if not line.strip():
                continue
            left, found, right = line.partition("\t") if "\t" in line else line.partition("=")
            if not found or not left.strip() or not right.strip():
                raise ValidationError(f"Line {number}: write “ours = theirs”.")
            if left.strip() in pairs:
                raise ValidationError(f"Line {number}: “{left.strip()}” is there twice.")
            pairs[left.strip()] = right.strip()
        return pairs


class JsonField(forms.CharField):
    """Anything else, as JSON."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Return it indented; what was typed stays as it is."""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        """Return what it says. Raises ValidationError."""
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise ValidationError(f"This is not JSON: {error}") from error


def fields_of(model: type[BaseModel]) -> dict[str, forms.Field]:
    """Return one form field for each field of the schema, in its order."""
    schema = model.model_json_schema()
    required, definitions = set(schema.get("required", ())), schema.get("$defs", {})
    return {
        name: _field(name, _resolved(told, definitions), required=name in required)
        for name, told in schema.get("properties", {}).items()
    }


def _resolved(told: Schema, definitions: Schema) -> Schema:
    """Follow a reference to an enumeration, and take `X or null` as X that may be left out."""
    if options := told.get("anyOf"):
        told = {**told, **next(option for option in options if option.get("type") != "null")}
    reference = told.get("$ref") or next((part["$ref"] for part in told.get("allOf", ()) if "$ref" in part), "")
    return {**definitions[reference.rpartition("/")[2]], **told} if reference else told


def _field(name: str, told: Schema, *, required: bool) -> forms.Field:
    given: dict[str, Any] = {
        "label": told.get("title") or name.replace("_", " ").capitalize(),
        "help_text": told.get("description", ""),
        "initial": told.get("default"),
        "required": required,
    }
    if "enum" in told:
        choices = [(value, str(value).replace("_", " ")) for value in told["enum"]]
        return forms.ChoiceField(choices=choices if required else [("", "Default"), *choices], **given)
    makers = {
        "boolean": _switch, "integer": _integer, "number": _number, "string": _text, "array": _lines, "object": _pairs
    }  # fmt: skip
    return makers.get(str(told.get("type")), _json)(told, given)


def _switch(told: Schema, given: dict[str, Any]) -> forms.Field:
    return forms.BooleanField(**(given | {"required": False}))


def _integer(told: Schema, given: dict[str, Any]) -> forms.Field:
    return forms.IntegerField(min_value=told.get("minimum"), max_value=told.get("maximum"), **given)


def _number(told: Schema, given: dict[str, Any]) -> forms.Field:
    return forms.FloatField(min_value=told.get("minimum"), max_value=told.get("maximum"), **given)


def _text(told: Schema, given: dict[str, Any]) -> forms.Field:
    field = forms.CharField(max_length=told.get("maxLength"), **given)
    field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
    return field


def _lines(told: Schema, given: dict[str, Any]) -> forms.Field:
    return _tall(LinesField(**given), "One a line.")


def _pairs(told: Schema, given: dict[str, Any]) -> forms.Field:
    if told.get("additionalProperties", {}).get("type") != "string":
        return _json(told, given)
    return _tall(PairsField(**given), "One pair a line: left = right. Two columns of a spreadsheet can be pasted.")


def _json(told: Schema, given: dict[str, Any]) -> forms.Field:
    return _tall(JsonField(**given), "As JSON.")


def _tall(field: forms.CharField, how: str) -> forms.CharField:
    rows = len(str(field.prepare_value(field.initial) or "").splitlines()) + 1
    field.widget.attrs |= {"rows": max(ROWS_LEAST, min(rows, ROWS_MOST)), "spellcheck": "false", "class": "mono"}
    field.help_text = f"{field.help_text} {how}".strip()
    return field


STEP = re.compile(r"(\d+)\s*(s|m|min|h|d)?", re.IGNORECASE)
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class DurationField(forms.CharField):
    """Whole seconds, written as `90`, `30s`, `2m`, `6h` or `2d`."""

    def prepare_value(self, value: Any) -> Any:
        """Return seconds in their largest whole unit; what was typed stays as it is."""
        return duration(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Return seconds, or None for nothing. Raises ValidationError."""
        return seconds_of(value) if str(value or "").strip() else None


class StepsField(forms.CharField):
    """A list of durations with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """Return the list as text; what was typed stays as it is."""
        return ", ".join(map(duration, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """Return seconds. Raises ValidationError."""
        return [seconds_of(part) for part in str(value or "").split(",") if part.strip()]


def duration(seconds: int) -> str:
    """Return seconds in their largest whole unit: `90s`, `2m`, `6h`."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def seconds_of(text: str) -> int:
    """Return the seconds that a text such as `2m` says. Raises ValidationError."""
    found = STEP.fullmatch(text.strip())
    if found is None:
        raise ValidationError(f"“{text.strip()}” is no length of time: write 30s, 2m, 6h or 2d.")
    return int(found[1]) * UNITS[(found[2] or "s").lower()]

"""Forms of the actions on a return. They check shape; whether it is allowed, the command decides."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from inventory.enums import DECIDABLE, Disposition
from inventory.selectors import locations, serialized
from retailops.cases.evidence_files import FilesField
from retailops.lib.ids import uuid7
from retailops.lib.money import exponent, minor
from returns.models import Return, ReturnLine
from returns.services.naming import waiting_numbers
from returns.vocabulary import choices

SEEN = {
    "status": "Decision",
    "logistics": "Goods",
    "inspection": "Inspection",
    "money": "Money",
    "stock": "Stock",
    "erp": "ERP",
}
Quantities = dict[int, int]


def outstanding(line: ReturnLine) -> int:
    """Return how many authorized units have neither arrived nor been given up."""
    return line.authorized - line.received - line.missing - line.kept - line.canceled


class ActionForm(forms.Form):
    """A form about one return; it carries the version and the states that the person saw."""

    template: ClassVar[str] = "returns/_fields.html"
    expected_version = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, rma: Return, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rma = rma
        self.initial.setdefault("expected_version", rma.version)
        self.initial.setdefault("seen", json.dumps({name: getattr(rma, name) for name in SEEN}))
        self.build()

    def build(self) -> None:
        """Add the fields that depend on the return."""

    def differences(self, present: Return) -> list[dict[str, str]]:
        """Return what changed since the person opened the form: name, then and now, in words."""
        try:
            seen = json.loads(self.data.get("seen", "{}"))
        except ValueError:
            return []
        changed = [name for name in SEEN if name in seen and seen[name] != getattr(present, name)]
        return [
            {"name": SEEN[name], "before": _words(name, seen[name]), "now": _words(name, getattr(present, name))}
            for name in changed
        ]


class DecisionForm(ActionForm):
    """A decision with its reason."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the decision; people read it later.")


class DeclineForm(DecisionForm):
    """A refusal: the term that its reason falls under, and the reason in words."""

    vocabulary: ClassVar[str] = "decline_reason"
    code = forms.ChoiceField(required=False, label="Because")
    field_order = ("code", "reason")

    def build(self) -> None:
        """Offer the terms of the vocabulary."""
        offer_terms(self, "code", self.vocabulary)


class CancelForm(DeclineForm):
    """A return given up: the term that its reason falls under, and the reason in words."""

    vocabulary = "cancel_reason"


class TransitForm(ActionForm):
    """The carrier's number of the parcel."""

    tracking = forms.CharField(max_length=80, label="Tracking number")

    def build(self) -> None:
        """Start from the number that is known."""
        self.initial.setdefault("tracking", self.rma.tracking)


class QuantityForm(ActionForm):
    """Units of each line, with a reason."""

    template = "returns/_quantity_fields.html"
    reason = forms.CharField(max_length=200, label="Reason")

    def build(self) -> None:
        """Add one quantity per line that still expects units."""
        for line in self.rma.lines.all():
            self.add_quantity(line, max(0, outstanding(line)))

    def add_quantity(self, line: ReturnLine, limit: int | None) -> None:
        """Add the quantity of one line; a limit of None lets more come than was expected."""
        if limit == 0:
            return
        self.fields[f"line_{line.line_no}"] = forms.IntegerField(
            label=f"{line.sku} {line.title}".strip(), min_value=0, max_value=limit, required=False, initial=0
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each line with its quantity field."""
        for line in self.rma.lines.all():
            if f"line_{line.line_no}" in self.fields:
                serials = f"serials_{line.line_no}"
                yield {
                    "line": line,
                    "outstanding": outstanding(line),
                    "field": self[f"line_{line.line_no}"],
                    "serials": self[serials] if serials in self.fields else None,
                }

    def clean(self) -> dict[str, Any]:
        """Collect the quantities; at least one unit."""
        data = super().clean() or {}
        quantities: Quantities = {
            int(name.removeprefix("line_")): value for name, value in data.items() if name.startswith("line_") and value
        }
        if not quantities and not self.errors:
            raise forms.ValidationError("Give at least one unit.")
        return {**data, "quantities": quantities}


class ReceiveForm(QuantityForm):
    """What arrived, where. More than expected is accepted and becomes a case: what is there is there."""

    reason = None  # type: ignore[assignment]  # an arrival needs no reason
    location = forms.ChoiceField(label="Where")
    parcel = forms.CharField(max_length=120, required=False, label="Parcel or tracking number")
    scan_id = forms.CharField(max_length=120, widget=forms.HiddenInput)

    def build(self) -> None:
        """Offer the places of the return's region and what is outstanding; units with numbers are scanned."""
        numbered = serialized(line.sku for line in self.rma.lines.all())
        self.initial.setdefault("scan_id", f"web:{uuid7()}")
        self.initial.setdefault("parcel", self.rma.tracking)
        _offer_places(self, self.rma)
        for line in self.rma.lines.all():
            self.add_quantity(line, None)
            self.initial.setdefault(f"line_{line.line_no}", max(0, outstanding(line)))
            if line.sku in numbered:
                self.fields[f"serials_{line.line_no}"] = serials_field(f"Serial numbers of {line.sku}")

    def clean(self) -> dict[str, Any]:
        """Collect the numbers that were scanned, by line."""
        data = super().clean()
        scanned = {
            int(name.removeprefix("serials_")): scanned_numbers(value)
            for name, value in data.items()
            if name.startswith("serials_") and value
        }
        for number, serials in scanned.items():
            if len(serials) > data["quantities"].get(number, 0):
                self.add_error(f"serials_{number}", "More numbers were scanned than units came.")
        return {**data, "serials": scanned}


def serials_field(label: str) -> forms.CharField:
    """Return a box that a scanner types into: one number a line."""
    attrs = {"rows": 2, "placeholder": "Scan serial numbers", "autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(label=label, required=False, max_length=20_000, widget=forms.Textarea(attrs=attrs))


def scanned_numbers(text: str) -> list[str]:
    """Return the numbers of a box in their order; commas and blanks part them too."""
    return text.replace(",", " ").split()


class InspectForm(ActionForm):
    """A verdict and a destination for units that arrived: per line, some accepted and some rejected."""

    template = "returns/_inspect_fields.html"
    location = forms.ChoiceField(label="Where")
    evidence = FilesField(required=False, label="Evidence")
    reference = forms.CharField(max_length=160, widget=forms.HiddenInput)

    def build(self) -> None:
        """Add verdict fields for each line with units that wait."""
        self.initial.setdefault("reference", f"web:{uuid7()}")
        _offer_places(self, self.rma)
        numbered = serialized(line.sku for line in self.rma.lines.all())
        self.numbers = waiting_numbers(self.waiting())
        for line in self.waiting():
            limit = line.received - line.inspected
            for verdict, count, target in (
                ("accept", limit, Disposition.SELLABLE),
                ("reject", 0, Disposition.QUARANTINE),
            ):
                self.fields[f"{verdict}_{line.line_no}"] = forms.IntegerField(
                    label=f"{verdict.title()} units of {line.sku}", min_value=0, max_value=limit, initial=count
                )
                self.fields[f"{verdict}_to_{line.line_no}"] = forms.ChoiceField(
                    label=f"Where {verdict}ed units of {line.sku} go",
                    choices=_targets(verdict == "accept"),
                    initial=target,
                )
                self.fields[f"{verdict}_as_{line.line_no}"] = forms.ChoiceField(
                    label=f"Condition of {verdict}ed units of {line.sku}",
                    choices=terms("condition", "Condition"),
                    required=False,
                )
                self.fields[f"{verdict}_for_{line.line_no}"] = forms.ChoiceField(
                    label=f"Why {verdict}ed units of {line.sku} go there",
                    choices=terms("disposition_reason", "Why there"),
                    required=False,
                )
                if line.sku in numbered or line.line_no in self.numbers:
                    label = f"Serial numbers of {verdict}ed units of {line.sku}"
                    self.fields[f"{verdict}_sn_{line.line_no}"] = serials_field(label)

    def waiting(self) -> list[ReturnLine]:
        """Return the lines with units that arrived and were not judged."""
        return [line for line in self.rma.lines.all() if line.received > line.inspected]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each waiting line with its fields by verdict."""
        for line in self.waiting():
            verdicts = [
                {
                    "name": verdict,
                    "quantity": self[f"{verdict}_{line.line_no}"],
                    "target": self[f"{verdict}_to_{line.line_no}"],
                    "condition": self[f"{verdict}_as_{line.line_no}"],
                    "because": self[f"{verdict}_for_{line.line_no}"],
                    "serials": self._box(f"{verdict}_sn_{line.line_no}"),
                }
                for verdict in ("accept", "reject")
            ]
            numbers = self.numbers.get(line.line_no, [])
            waiting = line.received - line.inspected
            yield {"line": line, "waiting": waiting, "verdicts": verdicts, "numbers": numbers}

    def clean(self) -> dict[str, Any]:
        """Collect the slices; no line gives out more units than wait."""
        data = super().clean() or {}
        slices = [part for line in self.waiting() for part in self._slices(line, data)]
        if not slices and not self.errors:
            raise forms.ValidationError("Give a verdict for at least one unit.")
        return {**data, "slices": slices}

    def _box(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    def _slices(self, line: ReturnLine, data: dict[str, Any]) -> list[dict[str, Any]]:
        number, waiting = line.line_no, line.received - line.inspected
        counts = {verdict: data.get(f"{verdict}_{number}") or 0 for verdict in ("accept", "reject")}
        if sum(counts.values()) > waiting:
            self.add_error(f"accept_{number}", f"{sum(counts.values())} units judged, but only {waiting} wait.")
        return [
            {
                "line_no": number,
                "quantity": count,
                "accepted": verdict == "accept",
                "disposition": data.get(f"{verdict}_to_{number}"),
                "condition": data.get(f"{verdict}_as_{number}") or "",
                "reason": data.get(f"{verdict}_for_{number}") or "",
                "serials": scanned_numbers(data.get(f"{verdict}_sn_{number}") or ""),
            }
            for verdict, count in counts.items()
            if count
        ]


class RefundForm(ActionForm):
    """The refund by policy; another amount needs a reason."""

    template = "returns/_refund_fields.html"
    amount = forms.DecimalField(required=False, min_value=Decimal(0), label="Another amount")
    code = forms.ChoiceField(required=False, label="Because")
    reason = forms.CharField(max_length=200, required=False, label="Reason")

    def build(self) -> None:
        """Take as many decimals as the currency has."""
        self.fields["amount"].help_text = f"In {self.rma.currency}. Leave empty to refund what policy gives."
        offer_terms(self, "code", "refund_reason")
        digits = exponent(self.rma.currency)
        self.fields["amount"].widget.attrs["step"] = str(Decimal(1).scaleb(-digits))

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units; a manual amount has a reason."""
        data = super().clean() or {}
        if data.get("amount") is None:
            return {**data, "amount": None}
        if not data.get("reason"):
            self.add_error("reason", "Say why it is not the amount that policy gives.")
        try:
            return {**data, "amount": minor(data["amount"], self.rma.currency)}
        except ValueError as fault:
            self.add_error("amount", str(fault))
            return data


class VerdictForm(forms.Form):
    """The reason of a second person's word on a refund."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the decision.")


def terms(vocabulary: str, nothing: str) -> list[tuple[str, str]]:
    """Return the terms that may be chosen, after an empty choice of that name."""
    return [("", nothing), *choices(vocabulary)]


def offer_terms(form: forms.Form, name: str, vocabulary: str) -> None:
    """Let a field of the form choose from the vocabulary, or nothing."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = terms(vocabulary, "Choose")


def _words(name: str, value: object) -> str:
    choices: Any = getattr(Return._meta.get_field(name), "choices", None) or ()
    return str(dict(choices).get(str(value), value))


def _offer_places(form: forms.Form, rma: Return) -> None:
    field = form.fields["location"]
    if isinstance(field, forms.ChoiceField):
        places = list(locations(region=rma.region)) or list(locations())
        field.choices = [(place.code, f"{place.name} ({place.code})") for place in places]


def _targets(accepted: bool) -> list[tuple[str, str]]:
    found = sorted(DECIDABLE - (set() if accepted else {Disposition.SELLABLE}), key=lambda each: str(each.label))
    return [(each.value, str(each.label)) for each in found]

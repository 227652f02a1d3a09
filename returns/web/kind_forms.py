"""Forms for what nobody expected, for labels, and for parcels whose order is looked for."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from retailops.lib.money import exponent, minor
from returns.allocation import count
from returns.enums import ReceiptMatch
from returns.inputs import OrderRef
from returns.models import Order
from returns.services.order_reading import LineFacts, read_order, read_units
from returns.services.strays import Stray, strays_of
from returns.web.forms import ActionForm


class LabelForm(ActionForm):
    """The label of one parcel on its way back."""

    tracking = forms.CharField(max_length=80, label="Tracking number")
    carrier = forms.CharField(max_length=64, required=False, label="Carrier")
    cost = forms.DecimalField(required=False, min_value=Decimal(0), label="What it costs us")
    url = forms.URLField(max_length=500, required=False, label="Where the label is", assume_scheme="https")

    def build(self) -> None:
        """Take as many decimals as the currency has."""
        self.fields["cost"].help_text = f"In {self.rma.currency}."
        self.fields["cost"].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(self.rma.currency)))

    def clean(self) -> dict[str, Any]:
        """Turn the cost into minor units."""
        data = super().clean() or {}
        if data.get("cost") is None:
            return data
        try:
            return {**data, "cost": minor(data["cost"], self.rma.currency)}
        except ValueError as fault:
            self.add_error("cost", str(fault))
            return data


class HandOverForm(ActionForm):
    """Goods that the customer handed over against the code."""

    partner = forms.CharField(max_length=80, label="Drop-off point", help_text="Who took the goods.")
    place = forms.CharField(max_length=120, required=False, label="Where it is")
    tracking = forms.CharField(
        max_length=80, required=False, label="Tracking number", help_text="Where the point gave the parcel one."
    )


class StrayForm(ActionForm):
    """Units in quarantine that nobody expected."""

    template = "returns/_stray_fields.html"
    reason = forms.CharField(max_length=200, label="Reason")

    def build(self) -> None:
        """Add one quantity for each receipt line that stands there."""
        self.strays = strays_of(self.rma)
        for stray in self.strays:
            self.fields[f"stray_{stray.row.pk}"] = forms.IntegerField(
                label=f"Units of {stray.row.sku}", min_value=0, max_value=stray.left, required=False, initial=0
            )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each of them with its field."""
        for stray in self.strays:
            yield {"stray": stray, "field": self[f"stray_{stray.row.pk}"]}

    def clean(self) -> dict[str, Any]:
        """Collect the quantities; at least one unit."""
        data = super().clean() or {}
        chosen: list[tuple[Stray, int]] = [
            (stray, data[f"stray_{stray.row.pk}"]) for stray in self.strays if data.get(f"stray_{stray.row.pk}")
        ]
        if not chosen and not self.errors:
            raise forms.ValidationError("Give at least one unit.")
        return {**data, "chosen": chosen}


class AcceptForm(StrayForm):
    """The same, taken over; another item may stand for one that was expected."""

    instead_of = forms.ChoiceField(
        label="Another item came instead of", required=False,
        help_text="As many units of that line are no longer expected.",
    )  # fmt: skip

    def build(self) -> None:
        """Offer the lines of the return, where another item came."""
        super().build()
        if all(stray.row.match == ReceiptMatch.OVER for stray in self.strays):
            del self.fields["instead_of"]
            return
        field: Any = self.fields["instead_of"]
        lines = [(str(line.line_no), f"{line.sku} {line.title}".strip()) for line in self.rma.lines.all()]
        field.choices = [("", "Nothing: it came besides"), *lines]


class MatchForm(ActionForm):
    """The order of a blind return, and which of its lines each item is."""

    template = "returns/_match_fields.html"
    order_number = forms.CharField(
        max_length=120, label="Order number", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    reason = forms.CharField(max_length=200, label="What shows it", initial="found by its number")

    def build(self) -> None:
        """Once an order is named, offer its lines for each item; the same sku is chosen already."""
        number = self.data.get("order_number", "").strip()
        # Whoever sees this return sees the orders of its region.
        rows = Order.objects.filter(number=number, region=self.rma.region, currency=self.rma.currency)
        self.order = rows.order_by("-placed_at").first() if number else None
        self.mine = list(self.rma.lines.all())
        if self.order is None:
            return
        free = [
            line for line in read_units(read_order(OrderRef(order_id=self.order.id), lock=False)).lines if line.free()
        ]
        for line in self.mine:
            self.fields[f"line_{line.line_no}"] = forms.ChoiceField(
                label=f"{line.requested} × {line.sku}",
                choices=[("", "Not of this order"), *[(each.external_id, _named(each)) for each in free]],
                initial=next((each.external_id for each in free if each.sku == line.sku), ""),
                required=False,
            )

    @property
    def asks(self) -> bool:
        """Tell whether the items must still be looked at: an order was named, and nothing was chosen yet."""
        return self.order is not None and not any(name.startswith("line_") for name in self.data)

    def matched(self) -> list[forms.BoundField]:
        """Return the fields that say which line each item is; chosen already where nobody has looked yet."""
        names = [f"line_{line.line_no}" for line in self.mine if self.order]
        if self.asks:
            self.data = {**self.data.dict(), **{name: self.fields[name].initial for name in names}}  # type: ignore[attr-defined]  # a QueryDict
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        """Collect which line of the return is which of the order."""
        data = super().clean() or {}
        if self.order is None and data.get("order_number"):
            self.add_error("order_number", "There is no such order in this region and currency.")
        elif self.asks:
            raise forms.ValidationError("Look which item is which, then match.", code="look")
        lines = {line.line_no: data[f"line_{line.line_no}"] for line in self.mine if data.get(f"line_{line.line_no}")}
        if self.order is not None and not lines and not self.errors:
            raise forms.ValidationError("Say of at least one item which line of the order it is.")
        return {**data, "lines": lines, "order_id": self.order.id if self.order else None}


def _named(line: LineFacts) -> str:
    return f"{line.sku} {line.title} ({count(line.free())} left)"


class CorrectForm(forms.Form):
    """Another verdict on units that were judged."""

    outcome = forms.ChoiceField(label="What is right")
    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the correction.")

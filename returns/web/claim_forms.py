"""Forms of what may be done with a claim. They check shape; whether it is allowed, the command decides."""

from decimal import Decimal
from typing import Any

from django import forms

from inventory.selectors import locations
from retailops.lib.ids import uuid7
from retailops.lib.money import exponent, minor
from returns.models import SupplierClaim


class ClaimForm(forms.Form):
    """A form about one claim; it carries the version that the person saw."""

    expected_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, claim: SupplierClaim) -> None:
        super().__init__(data)
        self.claim = claim
        self.initial.setdefault("expected_version", claim.version)
        self.build()

    def build(self) -> None:
        """Add what depends on the claim."""


class ReasonForm(ClaimForm):
    """Why."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the claim.")


class SendForm(ClaimForm):
    """The parcel that goes with it."""

    tracking = forms.CharField(max_length=80, required=False, label="Tracking number")


class AcknowledgeForm(ClaimForm):
    """What the supplier calls it."""

    supplier_reference = forms.CharField(max_length=120, required=False, label="The supplier's number of the claim")


class CreditForm(ClaimForm):
    """A credit note."""

    reference = forms.CharField(max_length=120, label="Number of the credit note")
    amount = forms.DecimalField(min_value=Decimal(0), label="Amount")
    final = forms.BooleanField(required=False, label="Nothing more will come")
    explanation = forms.CharField(
        max_length=200,
        required=False,
        label="Why it differs",
        help_text="Needed where the last credit leaves a difference.",
    )

    def build(self) -> None:
        """Start from what is outstanding, with the decimals of the currency."""
        digits = exponent(self.claim.currency)
        left = Decimal(self.claim.outstanding).scaleb(-digits)
        field = self.fields["amount"]
        field.help_text = f"In {self.claim.currency}."
        field.widget.attrs["step"] = str(Decimal(1).scaleb(-digits))
        self.initial.setdefault("amount", left)

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units."""
        data = super().clean() or {}
        if data.get("amount") is None:
            return data
        try:
            return {**data, "amount": minor(data["amount"], self.claim.currency)}
        except ValueError as fault:
            self.add_error("amount", str(fault))
            return data


class GoodsBackForm(ClaimForm):
    """What came back from the supplier, and where it stands now; the form's own scan id counts it once."""

    scan_id = forms.CharField(max_length=80, widget=forms.HiddenInput)
    location = forms.ChoiceField(label="Where")

    def build(self) -> None:
        """Add a quantity for each line with units at the supplier."""
        self.initial.setdefault("scan_id", f"web:{uuid7()}")
        places = list(locations(region=self.claim.region)) or list(locations())
        field = self.fields["location"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(place.code, f"{place.name} ({place.code})") for place in places]
        for line in self.claim.lines.all():
            left = line.sent - line.came_back
            if left:
                self.fields[f"line_{line.line_no}"] = forms.IntegerField(
                    label=f"Units of {line.sku} that came back", min_value=0, max_value=left, initial=left
                )

    def clean(self) -> dict[str, Any]:
        """Collect the quantities; at least one unit."""
        data = super().clean() or {}
        lines = [
            {"line_no": int(name.removeprefix("line_")), "quantity": value}
            for name, value in data.items()
            if name.startswith("line_") and value
        ]
        if not lines and not self.errors:
            raise forms.ValidationError("Give at least one unit.")
        return {**data, "lines": lines}


class DraftForm(forms.Form):
    """How many units of a verdict are claimed, and whether the goods go with it."""

    quantity = forms.IntegerField(min_value=1, label="Units")
    send_back = forms.ChoiceField(
        label="Goods",
        choices=[("", "As the supplier's terms say"), ("yes", "Send them back"), ("no", "Claim without the goods")],
        required=False,
    )
    reason = forms.CharField(max_length=200, required=False, label="What is wrong with them")

    def __init__(self, data: Any = None, *, left: int) -> None:
        super().__init__(data)
        self.fields["quantity"].widget.attrs["max"] = left
        self.initial.setdefault("quantity", left)

"""Forms of stored value and of what marketplaces and the ERP tell."""

from decimal import Decimal
from typing import Any

from django import forms

from retailops.lib.ids import uuid7
from retailops.lib.money import exponent, minor
from returns.enums import StoredKind


class ReasonForm(forms.Form):
    """Why value is taken back."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the entry; people read it later.")


class ReversalForm(forms.Form):
    """The document by which the ERP reversed a credit memo."""

    external_reference = forms.CharField(
        max_length=200, label="Reference there", help_text="The ERP's own number of the reversing document."
    )


class MoneyForm(forms.Form):
    """A form with an amount in one currency, which it turns into minor units."""

    amount = forms.DecimalField(min_value=Decimal(0), label="Amount")

    def __init__(self, data: Any = None, *, currency: str) -> None:
        super().__init__(data)
        self.currency = currency
        self.fields["amount"].help_text = f"In {currency}."
        self.fields["amount"].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(currency)))

    def clean_amount(self) -> int:
        """Return the amount in minor units."""
        try:
            found = minor(self.cleaned_data["amount"], self.currency)
        except ValueError as fault:
            raise forms.ValidationError(str(fault)) from fault
        if not found:
            raise forms.ValidationError("Give more than nothing.")
        return found


class GiftForm(MoneyForm):
    """Value for the customer of an order; its own key makes a second click the same gift."""

    kind = forms.ChoiceField(choices=StoredKind.choices, label="As")
    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the entry; people read it later.")
    key = forms.CharField(max_length=120, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, currency: str) -> None:
        super().__init__(data, currency=currency)
        self.initial["key"] = f"web:{uuid7()}"
        self.order_fields(["kind", "amount", "reason", "key"])


class ObservedForm(MoneyForm):
    """What a marketplace says that it refunded."""

    external_id = forms.CharField(max_length=160, label="Refund's id there")

    def __init__(self, data: Any = None, *, currency: str) -> None:
        super().__init__(data, currency=currency)
        self.order_fields(["external_id", "amount"])

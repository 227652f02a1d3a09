"""Forms of what may be done with a customer. They check shape; whether it is allowed, the command decides."""

from typing import Any

from django import forms

CONFIRMED = "erase"


class CustomerForm(forms.Form):
    """A form about one customer; it carries the version that the person saw."""

    expected_version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class MergeForm(CustomerForm):
    """Why two are one person, or two after all."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the merge; people read it later.")


class EraseForm(CustomerForm):
    """The request that asks for it, and that it is meant."""

    reference = forms.CharField(
        max_length=80, label="Number of the request", help_text="Kept as the proof. Nothing that tells who it is."
    )
    confirm = forms.CharField(max_length=20, label=f"Type “{CONFIRMED}” to confirm")

    def clean_confirm(self) -> str:
        """Take nothing but the word."""
        if self.cleaned_data["confirm"].strip().lower() != CONFIRMED:
            raise forms.ValidationError(f"Type the word “{CONFIRMED}”.")
        return CONFIRMED


class HoldForm(CustomerForm):
    """Why nothing may be erased; empty lifts the hold."""

    reason = forms.CharField(
        max_length=200, required=False, label="Reason of the hold", help_text="Leave it empty to lift the hold."
    )

    def clean(self) -> dict[str, Any]:
        """Keep the reason, trimmed."""
        data = super().clean() or {}
        return {**data, "reason": (data.get("reason") or "").strip()}

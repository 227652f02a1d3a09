"""Forms of plans."""

from django import forms

from retailops.replays.rules import FASTEST, Rules
from retailops.workbench.forms import ReasonForm

CANARY_HELP = "Sizes of the first waves; each must get through before the next. Empty: none."


class NothingForm(forms.Form):
    """A step that asks nothing."""

    sure = forms.CharField(initial="yes", widget=forms.HiddenInput)


class HashForm(forms.Form):
    """Which plan is meant: the one that was looked at."""

    hash = forms.CharField(max_length=64, widget=forms.HiddenInput)


class HashReasonForm(HashForm, ReasonForm):
    """The same, with a reason."""


class RulesForm(forms.Form):
    """How a plan runs."""

    canary = forms.CharField(max_length=60, required=False, label="Canary", help_text=CANARY_HELP)
    rate = forms.FloatField(min_value=0.1, max_value=FASTEST, label="Then so many a second")
    stop_percent = forms.IntegerField(
        min_value=1, max_value=100, label="Stop where so many percent of the last tries failed"
    )

    def clean_canary(self) -> tuple[int, ...]:
        """Return the sizes of the waves."""
        parts = [part.strip() for part in self.cleaned_data["canary"].split(",") if part.strip()]
        if not all(part.isdigit() for part in parts):
            raise forms.ValidationError("Give numbers with commas between them, as 1, 10.")
        return tuple(map(int, parts))

    def rules(self) -> Rules:
        """Return the rules that the form holds."""
        given = self.cleaned_data
        return Rules(given["canary"], given["rate"], given["stop_percent"])

"""Forms of plans."""

import json
from typing import Any

from django import forms

from retailops.replays.rules import FASTEST, Rules
from retailops.workbench.forms import ReasonForm

REQUEST_HELP = "Its key at the other system stays the same either way: what is there already is not made twice."
CANARY_HELP = "Sizes of the first waves; each must get through before the next. Empty: none."


class FenceForm(ReasonForm):
    """Why, about the delivery as it was looked at."""

    fence = forms.IntegerField(widget=forms.HiddenInput)


class MessageField(forms.JSONField):
    """JSON as people read it: indented, and as they typed it where it is no JSON."""

    def prepare_value(self, value: Any) -> Any:
        """Return the text of the field."""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class MessageForm(FenceForm):
    """A message as it should be, and why."""

    message = MessageField(
        label="Message",
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"}),
        help_text="Texts may be corrected. Ids, amounts, currency and all numbers are locked.",
    )
    field_order = ("message", "reason", "fence")

    def clean_message(self) -> dict[str, Any]:
        """Return the message as an object."""
        found = self.cleaned_data["message"]
        if not isinstance(found, dict):
            raise forms.ValidationError("A message is an object in braces.")
        return found


class NothingForm(forms.Form):
    """A step that asks nothing."""

    sure = forms.CharField(initial="yes", widget=forms.HiddenInput)


class HashForm(forms.Form):
    """Which plan is meant: the one that was looked at."""

    hash = forms.CharField(max_length=64, widget=forms.HiddenInput)


class HashReasonForm(HashForm, ReasonForm):
    """The same, with a reason."""


ANEW, AS_WAS = "anew", "as_was"


def request_field() -> forms.ChoiceField:
    """Return the choice of how the request of what is sent again is made; not chosen: anew."""
    choices = [
        (ANEW, "Rendered anew, with the mapping now in force"),
        (AS_WAS, "As it was, with the mapping of its last try"),
    ]
    return forms.ChoiceField(label="Request", choices=choices, initial=ANEW, required=False, help_text=REQUEST_HELP)


class ReplayForm(ReasonForm):
    """Why, and how the request is made."""

    request = request_field()

    @property
    def as_was(self) -> bool:
        """Tell whether it is sent as it was."""
        return str(self.cleaned_data["request"]) == AS_WAS


class RulesForm(forms.Form):
    """How a plan runs."""

    request = request_field()

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
        return Rules(given["canary"], given["rate"], given["stop_percent"], as_was=given["request"] == AS_WAS)

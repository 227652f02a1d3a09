"""Forms of the workbench."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from retailops.accounts.models import User


class ReasonForm(forms.Form):
    """Why a person does something that others will ask about."""

    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the action; people read it later.")


class NoteForm(forms.Form):
    """A note on a case."""

    text = forms.CharField(max_length=4000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))


class ResolveForm(forms.Form):
    """How a case ended: reason and evidence."""

    reason = forms.CharField(max_length=300, label="What was the cause, and what was done")
    evidence = forms.CharField(
        max_length=500, label="Evidence", help_text="A reference, a link or a ticket that shows it."
    )


class AssignForm(forms.Form):
    """Who works a case."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody", label="Owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.filter(is_active=True).order_by("name")


def _morning(days: int) -> datetime:
    """Return nine o'clock in the person's time zone, so many days ahead."""
    day = timezone.localdate() + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, time(9)))


def _monday() -> datetime:
    return _morning(7 - timezone.localdate().weekday())


WAKE: Mapping[str, tuple[str, Callable[[], datetime]]] = {
    "hour": ("In an hour", lambda: timezone.now() + timedelta(hours=1)),
    "four_hours": ("In four hours", lambda: timezone.now() + timedelta(hours=4)),
    "tomorrow": ("Tomorrow, 9:00", lambda: _morning(1)),
    "monday": ("Monday, 9:00", _monday),
    "week": ("In a week, 9:00", lambda: _morning(7)),
}


class SnoozeForm(forms.Form):
    """Until when a case is put off, and why. An exact time wins over the usual ones."""

    wake = forms.ChoiceField(
        label="Until", choices=[(key, text) for key, (text, _) in WAKE.items()], initial="tomorrow"
    )
    at = forms.DateTimeField(
        label="Or exactly",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="In your time zone. Leave empty for the time above.",
    )
    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the case; people read it later.")

    def until(self) -> datetime:
        """Return the moment at which the case comes back."""
        exact: datetime | None = self.cleaned_data["at"]
        return exact or WAKE[self.cleaned_data["wake"]][1]()

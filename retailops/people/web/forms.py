"""Forms of people and API clients."""

import re
import zoneinfo
from datetime import datetime
from typing import Any

from django import forms

from retailops.accounts.permissions import SCOPE_PERMISSIONS, Role
from retailops.people.inputs import ClientIn, Scope

PLACES = "Separated by commas, or * for all of them."
OVERLAPS = ((0, "At once"), (1, "In an hour"), (24, "In a day"), (168, "In a week"), (720, "In 30 days"))


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept in the audit log; people read it later.")


class ScopeForm(forms.Form):
    """Regions and brands."""

    regions = forms.CharField(max_length=1000, label="Regions", help_text=PLACES)
    brands = forms.CharField(max_length=2000, label="Brands", help_text=PLACES)

    def scope(self) -> Scope:
        """Return what was written."""
        return Scope(_listed(self.cleaned_data["regions"]), _listed(self.cleaned_data["brands"]))


def _listed(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


class GrantForm(ScopeForm, ReasonForm):
    """A role for a person."""

    role = forms.ChoiceField(choices=Role.choices, label="Role")
    field_order = ("role", "regions", "brands", "reason")


class InviteForm(ScopeForm, ReasonForm):
    """A new person, with a first role."""

    email = forms.EmailField(label="E-mail", help_text="The link to set a password goes there.")
    name = forms.CharField(max_length=150, label="Name")
    role = forms.ChoiceField(choices=[("", "No role yet"), *Role.choices], label="First role", required=False)
    field_order = ("email", "name", "role", "regions", "brands", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A person without a role is nowhere.
        roleless = self.is_bound and not self.data.get("role")
        for name in ("regions", "brands"):
            self.fields[name].required = not roleless


class ProfileForm(forms.Form):
    """What people change about themselves."""

    name = forms.CharField(max_length=150, label="Name", help_text="As colleagues see it beside what you do.")
    time_zone = forms.ChoiceField(label="Time zone", help_text="All times are shown in it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class RequireForm(ReasonForm):
    """Which roles need a second factor."""

    roles = forms.MultipleChoiceField(
        choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple, label="Roles"
    )
    field_order = ("roles", "reason")


class ClientForm(ScopeForm, ReasonForm):
    """An API client."""

    name = forms.CharField(max_length=100, label="Name", help_text="The system that calls, as people know it.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPE_PERMISSIONS], widget=forms.CheckboxSelectMultiple, label="May"
    )
    requests_per_minute = forms.IntegerField(
        min_value=0, max_value=1_000_000, initial=6000, label="Requests a minute", help_text="0 means without limit."
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Ends",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone. Leave empty for a key that does not end.",
    )
    field_order = ("name", "scopes", "regions", "brands", "requests_per_minute", "expires_at", "reason")

    def client(self) -> ClientIn:
        """Return what was asked for."""
        data = self.cleaned_data
        ends: datetime | None = data["expires_at"]
        return ClientIn(data["name"], data["scopes"], self.scope(), data["requests_per_minute"], ends)


class RotateForm(ReasonForm):
    """When the key of now ends."""

    overlap_hours = forms.TypedChoiceField(choices=OVERLAPS, coerce=int, initial=24, label="The key of now ends")
    field_order = ("overlap_hours", "reason")

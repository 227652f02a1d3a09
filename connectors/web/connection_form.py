"""The forms that add and edit a connection. Their middle part comes from the vendor's schema; secrets go in only."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.forms import BoundField

from connectors.models import Connection
from connectors.protocol import Connector
from connectors.services.checking import checked_config, checked_limits, checked_secrets, scope_list
from connectors.services.configuring import newest_version
from connectors.services.versions import limits_of
from connectors.web.schema_fields import DurationField, StepsField, fields_of
from retailops.events.models import Destination
from retailops.lib.clock import now
from retailops.lib.errors import DomainError

Group = tuple[str, str, list[BoundField]]
SCOPES = (
    ("regions", "Regions", "Separated by commas; empty: every region."),
    ("brands", "Brands", "Separated by commas; empty: every brand."),
    ("channels", "Channels", "Separated by commas; empty: every channel, unless the connector asks for their names."),
)


@dataclass(frozen=True)
class Changed:
    """One setting that differs, as people read it."""

    label: str
    before: Any
    after: Any


class SecretArea(forms.Textarea):
    """A secret of several lines; what was typed is never sent back."""

    def format_value(self, value: Any) -> str:
        """Return nothing, whatever was typed."""
        return ""


class CommaField(forms.CharField):
    """Names with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """Return a list as text; what was typed stays as it is."""
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """Return the names, without doubles."""
        return scope_list(str(value or "").split(","))


def secret_input(multiline: bool) -> forms.Widget:
    """Return the control of a secret: nothing that was typed comes back to the page."""
    attrs = {"autocomplete": "new-password", "spellcheck": "false"}
    return SecretArea(attrs={**attrs, "rows": 4}) if multiline else forms.PasswordInput(attrs=attrs)


def limit_fields() -> dict[str, forms.Field]:
    """Return the fields of rate and retries, then those of safety; the names are those of Destination's fields."""
    return {
        "rate_per_second": forms.FloatField(label="Calls a second", min_value=0.001),
        "burst": forms.IntegerField(label="Burst", min_value=1, help_text="So many may go at once after a quiet time."),
        "max_in_flight": forms.IntegerField(
            label="At the same time", min_value=1, help_text="Never more under way, whatever the number of workers."
        ),
        "timeout_seconds": forms.FloatField(label="Timeout, seconds", min_value=0.1, help_text="Of one call."),
        "retry_schedule": StepsField(label="Waits between tries", help_text="For example 5s, 30s, 2m, 10m, 2h."),
        "deadline_seconds": DurationField(label="Given up after", help_text="Then a person decides. For example 2d."),
        "dead_blocks_lane": forms.BooleanField(
            label="A stopped message holds the later ones of its return", required=False
        ),
        **safety_fields(),
    }


def safety_fields() -> dict[str, forms.Field]:
    """Return what keeps a message from having its effect twice."""
    return {
        "key_memory_seconds": DurationField(
            label="The remote remembers keys for", required=False,
            help_text="Older ones are looked up before they are sent again. Empty: for ever.",
        ),
        "look_up_seconds": DurationField(label="First look-up after", help_text="Of a message in doubt."),
        "absent_after_seconds": DurationField(
            label="“Not there” is believed after", help_text="A slow remote may still be doing it before."
        ),
        "lease_seconds": DurationField(label="Lease", help_text="Of a worker that sends; longer than the timeout."),
        "batch_size": forms.IntegerField(label="Taken together", min_value=1),
    }  # fmt: skip


RATE = ("rate_per_second", "burst", "max_in_flight", "timeout_seconds", "retry_schedule", "deadline_seconds",
        "dead_blocks_lane")  # fmt: skip
SAFETY = ("key_memory_seconds", "look_up_seconds", "absent_after_seconds", "lease_seconds", "batch_size")


class SettingsForm(forms.Form):
    """What adding and editing share: the vendor's config, the scope, rate and retries. `part()` reads one of them."""

    label = forms.CharField(max_length=100, help_text="What people call it, on every page.")

    def __init__(self, connector: Connector, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.connector = connector
        for name, field in fields_of(connector.Config).items():
            self.fields[f"config__{name}"] = field
        for name, label, told in SCOPES:
            self.fields[f"scope__{name}"] = CommaField(label=label, help_text=told, required=False)
        usual = limits_of(Destination()) | dict(connector.limits)
        for name, field in limit_fields().items():
            field.initial = usual.get(name)
            self.fields[f"limits__{name}"] = field

    def part(self, prefix: str) -> dict[str, Any]:
        """Return the cleaned values of one part by their plain names."""
        found = {key: value for key, value in self.cleaned_data.items() if key.startswith(f"{prefix}__")}
        return {key.removeprefix(f"{prefix}__"): value for key, value in found.items()}

    def clean(self) -> dict[str, Any]:
        """Tell every fault beside its field at once, by the same checks that the command makes."""
        data = super().clean() or self.cleaned_data
        if not self.errors:
            self._try(lambda: checked_config(self.connector, self.config()))
            self._try(lambda: checked_limits(self.part("limits")))
        return data

    def config(self) -> dict[str, Any]:
        """Return the vendor's config as it was filled in; a number that was left out takes the schema's default."""
        required = {name for name, field in self.connector.Config.model_fields.items() if field.is_required()}
        return {name: value for name, value in self.part("config").items() if value is not None or name in required}

    def _try(self, check: Any) -> None:
        try:
            check()
        except DomainError as refusal:
            self.tell(refusal)

    def tell(self, refusal: DomainError) -> None:
        """Tell a refusal beside the fields that it names. Denied and NotFound are raised again: they are no input."""
        if refusal.status in (403, 404):
            raise refusal
        for fault in refusal.errors:
            name = "__".join(fault.pointer.strip("/").split("/")[:2])
            name = name if name in self.fields else f"scope__{name}"
            self.add_error(name if name in self.fields else None, fault.detail)
        if not refusal.errors:
            self.add_error(None, refusal.detail)

    def group(self, title: str, about: str, names: Sequence[str]) -> Group:
        """Return fields under a heading."""
        return title, about, [self[name] for name in names]

    def groups(self) -> Iterator[Group]:
        """Yield the parts of the form in their order; safety is apart."""
        about = (self.connector.Config.__doc__ or "").strip()
        yield self.group(f"{self.connector.label}", about, [n for n in self.fields if n.startswith("config__")])
        yield self.group("Serves", "Which events it gets.", [f"scope__{name}" for name, _, _ in SCOPES])
        yield self.group("Rate and retries", "", [f"limits__{name}" for name in RATE])

    def safety(self) -> list[BoundField]:
        """Return the fields that keep a message from having its effect twice."""
        return [self[f"limits__{name}"] for name in SAFETY]


class NewConnectionForm(SettingsForm):
    """Everything of a connection that is to be added."""

    name = forms.SlugField(
        max_length=100, help_text="Part of its addresses, and what payments name as their gateway. It stays."
    )
    field_order = ("label", "name")

    def __init__(self, connector: Connector, data: Any = None, **kwargs: Any) -> None:
        super().__init__(connector, data, **kwargs)
        for spec in connector.secrets:
            told = "Messages from it are signed with this." if spec.signs else ""
            self.fields[f"secrets__{spec.name}"] = forms.CharField(
                label=spec.label, required=spec.required, help_text=told, widget=secret_input(spec.multiline)
            )
            self.fields[f"expiries__{spec.name}"] = expiry_field(f"{spec.label} ends on")
        self.fields["label"].initial = connector.label

    def clean(self) -> dict[str, Any]:
        """Check the secrets, too."""
        data = super().clean()
        if not self.errors:
            self._try(lambda: checked_secrets(self.connector, self.secrets(), complete=True))
        return data

    def secrets(self) -> dict[str, str]:
        """Return the secrets that were given."""
        return {name: value for name, value in self.part("secrets").items() if value}

    def expiries(self) -> dict[str, datetime]:
        """Return when secrets end, where that was told."""
        return {name: end_of(day) for name, day in self.part("expiries").items() if day}

    def groups(self) -> Iterator[Group]:
        """Yield identity and secrets with the rest."""
        yield self.group("Name", "", ["label", "name"])
        config, *rest = super().groups()
        yield config
        told = "Stored encrypted. They are never shown again, only replaced."
        yield self.group("Secrets", told, [n for n in self.fields if n.startswith(("secrets__", "expiries__"))])
        yield from rest


def expiry_field(label: str) -> forms.DateField:
    """Return the field for the day on which a secret ends."""
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: it does not end, or nobody knows.",
    )  # fmt: skip


def end_of(day: Any) -> datetime:
    """Return the moment from which a secret that ends on this day is not taken any more (UTC)."""
    return datetime.combine(day, time.max, UTC)


class EditForm(SettingsForm):
    """The settings of a connection that is there, with the version that the person saw and why they change it."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, help_text="Kept with the version.")

    def __init__(self, connector: Connector, connection: Connection, data: Any = None) -> None:
        values = {f"config__{name}": value for name, value in connection.config.items()}
        values |= {f"scope__{name}": getattr(connection, name) for name, _, _ in SCOPES}
        values |= {f"limits__{name}": value for name, value in limits_of(connection.destination).items()}
        values |= {"label": connection.label, "version": newest_version(connection)}
        super().__init__(connector, data, initial=values)

    # Somebody else changed the connection since the page was opened.
    stale = False

    def changes(self, connection: Connection) -> list[Changed]:
        """Return every setting that would change, in the order of the form."""
        present = {"label": connection.label} | {f"config__{k}": v for k, v in connection.config.items()}
        present |= {f"scope__{name}": list(getattr(connection, name)) for name, _, _ in SCOPES}
        present |= {f"limits__{name}": value for name, value in limits_of(connection.destination).items()}
        wanted = {**self.cleaned_data, **{f"config__{k}": v for k, v in self.config().items()}}
        return [
            Changed(str(self[name].label), present.get(name), wanted.get(name))
            for name in self.fields
            if name in present and present[name] != wanted.get(name)
        ]

    def change(self) -> dict[str, Any]:
        """Return what `configure_connection` takes."""
        scopes: Mapping[str, Any] = self.part("scope")
        return {"label": self.cleaned_data["label"], "config": self.config(), "limits": self.part("limits"), **scopes}

    def digest(self) -> str:
        """Return what tells this change on this version from any other: only what was previewed is applied."""
        told = json.dumps([self.change(), self.cleaned_data["version"]], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()

    def groups(self) -> Iterator[Group]:
        """Yield the label with the rest; why it is changed stands at the end of the page."""
        yield self.group("Name", "", ["label"])
        yield from super().groups()


class RotateForm(forms.Form):
    """A new value of a secret."""

    value = forms.CharField(label="New value", help_text="Stored encrypted, and never shown again.")
    overlap = DurationField(
        label="The former value counts for", initial=86400, required=False,
        help_text="Messages signed with either are taken until then. 0 ends it now.",
    )  # fmt: skip
    expires_on = expiry_field("It ends on")

    def __init__(self, data: Any = None, *, signs: bool, multiline: bool) -> None:
        super().__init__(data)
        self.fields["value"].widget = secret_input(multiline)
        if not signs:
            del self.fields["overlap"]

    def clean_expires_on(self) -> Any:
        """Refuse a day that is over."""
        day = self.cleaned_data["expires_on"]
        if day and end_of(day) <= now():
            raise forms.ValidationError("This day is over.")
        return day

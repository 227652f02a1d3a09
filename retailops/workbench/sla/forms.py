"""Forms of promises, hours and alerts. Times are written as people say them: `90m`, `4h`, `2d`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from pydantic import ValidationError

from retailops.sla.alerts.troubles import TROUBLES
from retailops.sla.hours import WEEKDAYS
from retailops.sla.inputs import CalendarIn, MoveIn, PolicyDraftIn
from retailops.sla.models import AlertChannel, AlertRule, ChannelKind, Severity, SlaCalendar, SlaPolicy
from retailops.workbench import words

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+)\s*([smhdw])")
_SPAN = re.compile(r"^\s*(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)\s*$")  # noqa: RUF001  # people write either dash


def as_span(seconds: int | None) -> str:
    """Return seconds as the form writes them: `2d 4h`."""
    parts, left = [], seconds or 0
    for unit in "dhms":
        if count := left // _UNITS[unit]:
            parts.append(f"{count}{unit}")
            left -= count * _UNITS[unit]
    return " ".join(parts)


class SpanField(forms.CharField):
    """A span of time: `90m`, `4h`, `1d 12h`; seconds."""

    def clean(self, value: Any) -> Any:
        """Return seconds, or None for nothing."""
        text = str(super().clean(value)).strip().lower()
        if not text:
            return None
        if not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", text):
            raise forms.ValidationError("Write it as 90m, 4h or 1d 12h.")
        return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


class ReasonForm(forms.Form):
    """Why a person does something that others will ask about."""

    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the action; people read it later.")


class PolicyForm(forms.Form):
    """A draft's content, without what moves its clocks (`move_forms`)."""

    title = forms.CharField(max_length=80, label="Name")
    target = SpanField(max_length=40, label="Within", help_text="90m, 4h, 1d 12h. In the hours chosen below.")
    warn = SpanField(max_length=40, label="Warn after", required=False, help_text="Before that. Empty: no warning.")
    calendar = forms.ChoiceField(label="Counts", required=False)
    severity = forms.ChoiceField(label="A breach is", choices=Severity.choices)
    opens_case = forms.BooleanField(label="A breach opens a case", required=False)
    region = forms.CharField(max_length=32, label="Region", required=False)
    brand = forms.CharField(max_length=64, label="Brand", required=False)
    channel = forms.CharField(max_length=64, label="Channel", required=False)
    connection = forms.CharField(max_length=100, label="Connection", required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, policy: SlaPolicy, **kwargs: Any) -> None:
        initial = {
            "title": policy.title, "target": as_span(policy.target_seconds), "warn": as_span(policy.warn_seconds),
            "calendar": str(policy.calendar or ""), "severity": policy.severity, "opens_case": policy.opens_case,
            "region": policy.region, "brand": policy.brand, "channel": policy.channel,
            "connection": policy.connection, "revision": policy.revision,
        }  # fmt: skip
        super().__init__(*args, **kwargs | {"initial": initial})
        chooser = self.fields["calendar"]
        if isinstance(chooser, forms.ChoiceField):
            chooser.choices = [("", "Round the clock"), *calendar_choices(policy.calendar)]

    def draft(self, moves: Mapping[str, list[MoveIn]] | None = None) -> PolicyDraftIn | None:
        """Return what was written; None where it cannot be, which is then told in the form.

        Without `moves` what moves its clocks stays as it is.
        """
        data = self.cleaned_data
        try:
            return PolicyDraftIn(
                title=data["title"], target_seconds=data["target"], warn_seconds=data["warn"],
                calendar=data["calendar"] or None, severity=data["severity"], opens_case=data["opens_case"],
                region=data["region"], brand=data["brand"], channel=data["channel"], connection=data["connection"],
                **(moves or {}),
            )  # fmt: skip
        except ValidationError as invalid:
            _tell(self, invalid)
            return None


def calendar_choices(present: SlaCalendar | None) -> list[tuple[str, str]]:
    """Return the newest version of each calendar, and the present one."""
    newest = SlaCalendar.objects.order_by("name", "-version").distinct("name")
    rows = {str(row): row for row in [*newest, *([present] if present else [])]}
    return [(label, f"{row.title} ({label}, {row.timezone})") for label, row in sorted(rows.items())]


def _tell(form: forms.Form, invalid: ValidationError) -> None:
    for fault in invalid.errors():
        form.add_error(None, str(fault["msg"]).removeprefix("Value error, "))


class NewPolicyForm(forms.Form):
    """Begins a version: under the same name, or as another promise by the same events."""

    name = forms.CharField(
        max_length=60, label="Promise", help_text="Small letters, digits, underscores. A new name is another promise."
    )


class HoursForm(forms.Form):
    """The next version of a calendar."""

    name = forms.CharField(
        max_length=60, label="Key", help_text="Small letters, digits, underscores. It never changes."
    )
    title = forms.CharField(max_length=80, label="Name")
    timezone = forms.CharField(max_length=60, label="Time zone", help_text="Such as Europe/London.")
    mon = forms.CharField(label="Monday", required=False, help_text="09:00-12:00, 13:00-17:30. Empty: closed.")
    tue = forms.CharField(label="Tuesday", required=False)
    wed = forms.CharField(label="Wednesday", required=False)
    thu = forms.CharField(label="Thursday", required=False)
    fri = forms.CharField(label="Friday", required=False)
    sat = forms.CharField(label="Saturday", required=False)
    sun = forms.CharField(label="Sunday", required=False)
    holidays = forms.CharField(
        label="Holidays", required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One a line: 2026-12-25 Christmas Day.",
    )  # fmt: skip

    def __init__(self, *args: Any, calendar: SlaCalendar | None = None, **kwargs: Any) -> None:
        initial = _initial(calendar) if calendar else {"timezone": "Europe/London"}
        super().__init__(*args, **kwargs | {"initial": initial})
        if calendar:
            self.fields["name"].widget = forms.HiddenInput()

    def calendar(self) -> CalendarIn | None:
        """Return what was written; None where it cannot be, which is then told in the form."""
        data = self.cleaned_data
        try:
            document = {
                "name": data["name"],
                "title": data["title"],
                "timezone": data["timezone"],
                "hours": {day: _spans(data[day]) for day in WEEKDAYS},
                "holidays": [_holiday(line) for line in data["holidays"].splitlines() if line.strip()],
            }
            return CalendarIn.model_validate(document)
        except ValidationError as invalid:
            _tell(self, invalid)
        except ValueError as wrong:
            self.add_error(None, str(wrong))
        return None


def _initial(calendar: SlaCalendar) -> dict[str, Any]:
    spans = {day: ", ".join(f"{a}-{b}" for a, b in calendar.hours.get(day, ())) for day in WEEKDAYS}
    holidays = "\n".join(f"{each['date']} {each.get('name', '')}".strip() for each in calendar.holidays)
    return {
        "name": calendar.name,
        "title": calendar.title,
        "timezone": calendar.timezone,
        **spans,
        "holidays": holidays,
    }


def _spans(text: str) -> list[list[str]]:
    found = []
    for part in filter(str.strip, text.split(",")):
        match = _SPAN.match(part)
        if match is None:
            raise ValueError(f"“{part.strip()}” is no span: write 09:00-17:30.")
        found.append([match[1], match[2]])
    return found


def _holiday(line: str) -> dict[str, str]:
    day, _, name = line.strip().partition(" ")
    return {"date": day, "name": name.strip()}


class ChannelForm(forms.Form):
    """A new channel of alerts."""

    name = forms.CharField(max_length=80, label="Name")
    kind = forms.ChoiceField(label="How", choices=ChannelKind.choices)
    address = forms.CharField(
        max_length=500,
        label="Where",
        help_text="E-mail addresses, separated by commas; or the webhook's https address.",
    )


class RuleForm(forms.Form):
    """A rule: which troubles go to which channel."""

    name = forms.CharField(max_length=80, label="Name")
    kinds = forms.MultipleChoiceField(label="Troubles", widget=forms.CheckboxSelectMultiple)
    severity = forms.ChoiceField(label="At least", choices=Severity.choices, initial=Severity.NORMAL)
    region = forms.CharField(max_length=32, label="Region", required=False)
    brand = forms.CharField(max_length=64, label="Brand", required=False)
    channel = forms.ModelChoiceField(queryset=AlertChannel.objects.none(), label="Tell", empty_label="Choose")
    dedupe = SpanField(max_length=20, label="The same trouble once in", initial="1h")
    escalate_minutes = forms.IntegerField(
        label="If nobody acknowledges it within (minutes)", required=False, min_value=1, max_value=10_080
    )
    escalate_to = forms.ModelChoiceField(
        queryset=AlertChannel.objects.none(), label="Tell also", required=False, empty_label="Nobody else"
    )

    def __init__(self, *args: Any, rule: AlertRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"initial": _rule_initial(rule) if rule else None})
        channels = AlertChannel.objects.filter(retired_at=None).order_by("name")
        for name in ("channel", "escalate_to"):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = channels
        kinds = self.fields["kinds"]
        if isinstance(kinds, forms.MultipleChoiceField):
            kinds.choices = [(kind, words.event(kind).text) for kind in TROUBLES]


def _rule_initial(rule: AlertRule) -> dict[str, Any]:
    names = ("name", "kinds", "severity", "region", "brand", "channel", "escalate_minutes", "escalate_to")
    return {name: getattr(rule, name) for name in names} | {"dedupe": as_span(rule.dedupe_seconds)}


class MuteForm(forms.Form):
    """A silence with an end."""

    kind = forms.ChoiceField(label="Of", required=False)
    hours = forms.TypedChoiceField(
        label="For", coerce=int, choices=[(1, "an hour"), (4, "four hours"), (24, "a day"), (168, "a week")]
    )
    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the silence; people read it later.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chooser = self.fields["kind"]
        if isinstance(chooser, forms.ChoiceField):
            chooser.choices = [("", "everything"), *((kind, words.event(kind).text) for kind in TROUBLES)]

    def until(self) -> Any:
        """Return when the silence ends."""
        return timezone.now() + timedelta(hours=self.cleaned_data["hours"])

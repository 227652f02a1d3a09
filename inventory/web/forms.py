"""Forms of the stock pages. They check shape; whether it is allowed, the command decides."""

from decimal import Decimal
from typing import Any

from django import forms

from inventory.enums import SHELF, Disposition, LocationKind
from inventory.models import Location
from inventory.services.shifting import BY_HAND
from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7
from retailops.lib.money import major, minor


def choices(*dispositions: Disposition) -> list[tuple[str, str]]:
    """Return dispositions as a select offers them; out of the house last."""
    named = sorted((str(each), str(each.label)) for each in dispositions if each != Disposition.EXTERNAL)
    gone = [(str(Disposition.EXTERNAL), "Left the house")] if Disposition.EXTERNAL in dispositions else []
    return [(value, label.capitalize()) for value, label in named] + gone


class SerialsField(forms.CharField):
    """Numbers as a scanner types them: one a line, or with commas or blanks between."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 3, "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__(
            required=False,
            widget=forms.Textarea(attrs=attrs),
            **{"label": "Serial numbers", "help_text": "Scan one after the other; one a line.", **kwargs},
        )

    def clean(self, value: Any) -> list[str]:
        """Return the numbers in their order."""
        return [part for part in str(super().clean(value) or "").replace(",", " ").split() if part]


class LotField(forms.CharField):
    """The code of a lot."""

    def __init__(self) -> None:
        super().__init__(
            max_length=64, required=False, label="Lot", help_text="Where several lots stand there: of which they are."
        )


class StockForm(forms.Form):
    """What both dialogs share: sku, place, reason, and the reference that makes a second click the same move."""

    sku = forms.CharField(max_length=64, label="Sku")
    location = forms.ChoiceField(label="Where")
    reference = forms.CharField(max_length=120, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("reference", f"web:{uuid7()}")
        rows = Location.objects.filter(scope_q(actor, Permission.INVENTORY_WRITE, brand="")).order_by("code")
        self.places = [(place.code, f"{place.name} ({place.code})") for place in rows]
        self._offer("location", self.places)

    def _offer(self, name: str, offered: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = offered


class ShiftForm(StockForm):
    """Units that go to another disposition or another place."""

    source = forms.ChoiceField(label="From", choices=choices(*SHELF), initial=Disposition.QUARANTINE)
    target = forms.ChoiceField(label="To", choices=choices(*BY_HAND), initial=Disposition.SELLABLE)
    target_location = forms.ChoiceField(label="Brought to", required=False)
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000, label="Units", initial=1)
    serials = SerialsField()
    lot = LotField()
    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the move; people read it later.")
    field_order = ("sku", "location", "source", "target", "target_location", "quantity", "serials", "lot", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("target_location", [("", "Stays at the same place"), *self.places])


class CountForm(StockForm):
    """What was counted against what is booked."""

    disposition = forms.ChoiceField(label="Stands in", choices=choices(*SHELF), initial=Disposition.SELLABLE)
    change = forms.IntegerField(
        label="Difference", help_text="Counted less booked: -2 when two are missing.", min_value=-1_000_000,
        max_value=1_000_000,
    )  # fmt: skip
    serials = SerialsField()
    lot = LotField()
    reason = forms.CharField(max_length=200, label="Reason", help_text="Who counted, and what it shows.")
    field_order = ("sku", "location", "disposition", "change", "serials", "lot", "reason")


class LotDateForm(forms.Form):
    """The last good day of a lot."""

    expires_on = forms.DateField(
        label="Last good day", required=False, help_text="Empty: it has none.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    reason = forms.CharField(max_length=200, label="Reason", help_text="Where the date stands, and why it was wrong.")


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=150, label="Reason", help_text="Kept with it; people read it later.")


class LocationForm(forms.Form):
    """A place where goods are; limits in major units of its currency."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40, label="Code", help_text="As systems name it."
    )
    name = forms.CharField(max_length=120, label="Name")
    kind = forms.ChoiceField(label="Kind", choices=LocationKind.choices)
    region = forms.CharField(max_length=32, label="Region", required=False)
    currency = forms.RegexField(
        r"^[A-Z]{3}$", max_length=3, label="Currency", required=False, help_text="What stock there is valued in."
    )
    sellable = forms.BooleanField(label="What is sellable there may be promised", required=False, initial=True)
    adjustment_limit = forms.DecimalField(
        label="Adjustments up to", min_value=Decimal(0), initial=Decimal(500),
        help_text="Above it, a second person must agree.",
    )  # fmt: skip
    drift_limit = forms.DecimalField(
        label="Differences from", min_value=Decimal(0), initial=Decimal(500),
        help_text="Above it, a difference is raised at its first sight.",
    )  # fmt: skip
    quarantine_days = forms.IntegerField(label="Days in quarantine", min_value=1, max_value=3650, initial=14)

    @classmethod
    def of(cls, place: Location, data: Any = None) -> "LocationForm":
        """Return the form of a location that is there; its code stays."""
        initial = {name: getattr(place, name) for name in cls.base_fields}
        for name in ("adjustment_limit", "drift_limit"):
            initial[name] = major(initial[name], place.currency)
        form = cls(data, initial=initial)
        form.fields["code"].disabled = True
        return form

    def clean(self) -> dict[str, Any]:
        """Turn the limits into minor units."""
        data = super().clean() or {}
        for name in ("adjustment_limit", "drift_limit"):
            if data.get(name) is None:
                continue
            try:
                data[name] = minor(data[name], data.get("currency", ""))
            except ValueError as fault:
                self.add_error(name, str(fault))
        return data

"""Forms of transfers. They check shape; whether it is allowed, the command decides."""

from collections.abc import Sequence
from typing import Any

from django import forms

from inventory.models import Location, StockTransfer, TransferLine
from inventory.transfer_inputs import SENDABLE
from inventory.web.forms import LotField, SerialsField, choices
from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7

LINES = 5
AS_SENT = [("", "As sent"), ("damaged", "Damaged"), ("quarantine", "Quarantine")]


class SendForm(forms.Form):
    """Where it goes, and why; what goes stands in the lines."""

    source = forms.ChoiceField(label="From")
    target = forms.ChoiceField(label="To")
    due_on = forms.DateField(
        label="Due on", required=False, help_text="Empty: in a week.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    carrier = forms.CharField(max_length=64, label="Carrier", required=False)
    tracking = forms.CharField(max_length=80, label="Tracking number", required=False)
    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the transfer; people read it later.")
    reference = forms.CharField(max_length=120, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("reference", f"web:{uuid7()}")
        mine = Location.objects.filter(scope_q(actor, Permission.INVENTORY_WRITE, brand="")).order_by("code")
        _offer(self, "source", mine)
        # Goods may be sent to a place of another region: who is there receives them.
        _offer(self, "target", Location.objects.order_by("code"), first=[("", "Choose a place")])


def _offer(form: forms.Form, name: str, places: Any, first: Sequence[tuple[str, str]] = ()) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = [*first, *((place.code, f"{place.name} ({place.code})") for place in places)]


class SendLineForm(forms.Form):
    """Units of one sku; a line without a sku is left out."""

    sku = forms.CharField(max_length=64, label="Sku", required=False)
    quantity = forms.IntegerField(min_value=1, max_value=1_000_000, label="Units", required=False)
    disposition = forms.ChoiceField(label="Stands in", choices=choices(*SENDABLE), initial="sellable")
    serials = SerialsField(help_text="")
    lot = LotField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lot"].help_text = ""
        self.fields["serials"].widget.attrs["rows"] = 1

    def clean(self) -> dict[str, Any]:
        """A sku needs its units, and units their sku."""
        data = super().clean() or {}
        if data.get("sku") and not data.get("quantity"):
            self.add_error("quantity", "How many?")
        if data.get("quantity") and not data.get("sku"):
            self.add_error("sku", "Which sku?")
        return data


SendLines = forms.formset_factory(SendLineForm, extra=LINES, max_num=200)


class ArrivedForm(forms.Form):
    """What came of one line of a transfer."""

    line_no = forms.IntegerField(widget=forms.HiddenInput)
    quantity = forms.IntegerField(min_value=0, max_value=1_000_000, label="Came", required=False)
    disposition = forms.ChoiceField(label="As", choices=AS_SENT, required=False)
    serials = SerialsField(help_text="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["serials"].widget.attrs["rows"] = 2


class ExtraForm(forms.Form):
    """Goods that the transfer does not name, and whether more is waited for."""

    extra_sku = forms.CharField(max_length=64, label="Another sku", required=False)
    extra_quantity = forms.IntegerField(min_value=1, max_value=1_000_000, label="Its units", required=False)
    complete = forms.BooleanField(label="Nothing more will come", required=False)
    reference = forms.CharField(max_length=120, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("reference", f"web:{uuid7()}")
        self.fields["extra_sku"].help_text = "Goods that the transfer does not name stand in quarantine."
        self.fields["complete"].help_text = "What did not come is missing, with a case until it turns up."

    def clean(self) -> dict[str, Any]:
        """Another sku needs its units."""
        data = super().clean() or {}
        if bool(data.get("extra_sku")) != bool(data.get("extra_quantity")):
            self.add_error("extra_sku", "Give the sku with its units.")
        return data


ArrivedLines = forms.formset_factory(ArrivedForm, extra=0, max_num=200)


def arrived_initial(row: StockTransfer) -> list[dict[str, Any]]:
    """Return what the form begins with: nothing counted yet."""
    return [{"line_no": line.line_no} for line in waiting_lines(row)]


def waiting_lines(row: StockTransfer) -> list[TransferLine]:
    """Return the lines of which units may still come: on their way, or missing."""
    return [line for line in row.lines.order_by("line_no") if line.outstanding or line.missing]

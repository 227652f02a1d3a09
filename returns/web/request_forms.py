"""Forms with which staff ask for returns: units of an order, a parcel without a return, a parcel that comes back."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

from inventory.enums import Disposition
from inventory.models import Location
from inventory.selectors import locations
from retailops.accounts.actor import EVERYWHERE, Actor, can
from retailops.accounts.permissions import Permission
from retailops.lib.ids import uuid7
from returns.enums import Resolution, ReturnKind
from returns.kinds import TRAITS, traits_of
from returns.models import Return
from returns.services.eligibility import REMEDIES, Eligibility, LineVerdict
from returns.web.item_rows import ItemRows

REASONS = (
    ("", "Reason"), ("too_small", "Too small"), ("too_large", "Too large"), ("changed_mind", "Changed mind"),
    ("not_as_described", "Not as described"), ("defective", "Defective"), ("damaged_in_transit", "Damaged in transit"),
    ("wrong_item_sent", "Wrong item sent"), ("arrived_late", "Arrived late"), ("other", "Other"),
)  # fmt: skip
KINDS = tuple(kind for kind in TRAITS if TRAITS[kind].requestable)
SWAPS = (Resolution.EXCHANGE, Resolution.REPLACEMENT)
# Rules about a line itself; the others are about what else is chosen, and are told when it is.
LINE_RULES = frozenset(
    {"not_shipped", "too_many", "window_closed", "final_sale", "warranty_ended", "warranty_not_offered"}
)
VERDICTS = {
    "sellable": ("Accepted, back on the shelf", True, Disposition.SELLABLE),
    "damaged": ("Accepted, damaged", True, Disposition.DAMAGED),
    "quarantine": ("Accepted, somebody must look", True, Disposition.QUARANTINE),
    "back": ("Rejected, the customer takes it home", False, Disposition.RETURN_TO_CUSTOMER),
}


class RequestForm(forms.Form):
    """Units of one order that are to come back, how, and why."""

    kind = forms.ChoiceField(label="How the goods come back", choices=[(kind.value, kind.label) for kind in KINDS])
    resolution = forms.ChoiceField(label="What the customer gets")
    reason = forms.CharField(max_length=200, required=False, label="Note", help_text="Anything that others must know.")
    evidence = forms.CharField(
        max_length=200, required=False, label="Evidence",
        help_text="A ticket, a link to a picture, a serial number: what shows a fault.",
    )  # fmt: skip
    store = forms.ChoiceField(label="Store", required=False)
    verdict = forms.ChoiceField(
        label="Verdict on the goods", choices=[(key, text) for key, (text, *_) in VERDICTS.items()], required=False
    )
    receipt_number = forms.CharField(max_length=120, required=False, label="Till receipt")
    marketplace = forms.CharField(max_length=64, required=False, label="Marketplace")
    marketplace_id = forms.CharField(max_length=120, required=False, label="Its return number")
    answer_by = forms.DateTimeField(
        required=False, label="Wants an answer until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    override_reason = forms.CharField(max_length=200, required=False, label="Why go beyond policy")
    once = forms.CharField(max_length=60, widget=forms.HiddenInput)
    # The draft's version that the person saw.
    expected_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, verdict: Eligibility, draft: Return | None = None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.verdicts = verdict.lines
        self.draft = draft
        order = verdict.order
        self.initial.setdefault("once", str(uuid7()))
        if draft is not None:
            self.initial.setdefault("expected_version", draft.version)
        self._offer("resolution", [(each.value, str(each.label)) for each in offered(verdict)])
        self._offer("store", stores(order.region))
        if not can(actor, Permission.RETURNS_DECIDE, region=order.region, brand=order.brand):
            del self.fields["override_reason"]
        for line in self.verdicts:
            self._add(line)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def _add(self, line: LineVerdict) -> None:
        number, name = line.line.line_no, f"{line.line.sku} {line.line.title}".strip()
        self.fields[f"line_{number}"] = forms.IntegerField(
            label=f"Units of {name}", min_value=0, max_value=max(line.returnable, 0), required=False, initial=0,
            disabled=not line.returnable,
        )  # fmt: skip
        self.fields[f"reason_{number}"] = forms.ChoiceField(
            label=f"Why {name} comes back", choices=REASONS, required=False, disabled=not line.returnable
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each line of the order with what policy says of it and its fields."""
        for line in self.verdicts:
            number = line.line.line_no
            broken = [reason for reason in line.reasons if reason.code in LINE_RULES]
            fields = {"quantity": self[f"line_{number}"], "reason": self[f"reason_{number}"]}
            yield {"verdict": line, "broken": broken, **fields}

    def clean(self) -> dict[str, Any]:
        """Collect the units; each says why it comes back, where its kind wants to know."""
        data = super().clean() or {}
        lines = [self._line(number, data) for number in self._numbers() if data.get(f"line_{number}")]
        if not lines and not self.errors:
            raise forms.ValidationError("Choose at least one unit.")
        kind = data.get("kind")
        if kind and traits_of(kind).reason_needed:
            for line in lines:
                if not line["reason"]:
                    self.add_error(f"reason_{line['line_no']}", "Say why it comes back.")
        if kind and traits_of(kind).at_till and not data.get("store"):
            self.add_error("store", "Say in which store.")
        if kind == ReturnKind.EXCHANGE and data.get("resolution") not in SWAPS:
            self.add_error("resolution", "An exchange gives other goods: choose exchange or replacement.")
        if data.get("marketplace_id") and not data.get("marketplace"):
            self.add_error("marketplace", "Say which marketplace.")
        return {**data, "lines": lines}

    def _numbers(self) -> list[int]:
        return [line.line.line_no for line in self.verdicts]

    def _line(self, number: int, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "line_no": number,
            "quantity": data[f"line_{number}"],
            "reason": data.get(f"reason_{number}") or "",
            "resolution": data.get("resolution") or Resolution.REFUND,
            "evidence": [data["evidence"]] if data.get("evidence") else [],
        }


def offered(verdict: Eligibility) -> list[Resolution]:
    """Return what policy offers for the order, or gives under its warranty."""
    rules = verdict.policy.rules
    under_warranty = {
        each for each, remedy in REMEDIES.items() if rules.warranty_days and remedy in rules.warranty_remedies
    }
    return [each for each in Resolution if each in rules.resolutions or each in under_warranty]


def stores(region: str) -> list[tuple[str, str]]:
    """Return the stores of a region as choices."""
    rows = Location.objects.filter(kind="store", region__in=["", region]).order_by("name")
    return [("", "Choose a store"), *[(row.code, f"{row.name} ({row.code})") for row in rows]]


class BlindForm(ItemRows):
    """A parcel that nobody announced: where it is, what is in it."""

    location = forms.ChoiceField(label="Where it is")
    parcel = forms.CharField(
        max_length=120, required=False, label="Number on the parcel",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text="Scan or type it; leave it empty when there is none.",
    )  # fmt: skip
    region = forms.ChoiceField(label="Region")
    currency = forms.RegexField(r"^[A-Z]{3}$", label="Currency", max_length=3, initial="GBP")
    reason = forms.CharField(max_length=200, required=False, label="What else is known")
    once = forms.CharField(max_length=60, widget=forms.HiddenInput)
    items_help = "Sku as on the label, and how many."

    def __init__(self, *args: Any, actor: Actor, rows: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("once", str(uuid7()))
        places = [place for place in locations() if _may_receive(actor, place.region)]
        self._offer("location", [(place.code, f"{place.name} ({place.code})") for place in places])
        regions = sorted({place.region for place in places if place.region})
        self._offer("region", [(region, region) for region in regions])
        self.add_rows(rows)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Collect the items; at least one."""
        data = super().clean() or {}
        lines = self.items(data)
        if not lines and not self.errors:
            raise forms.ValidationError("Name at least one item that is in the parcel.")
        return {**data, "lines": lines}


class SenderForm(ItemRows):
    """A parcel of ours that was never delivered."""

    tracking = forms.CharField(
        max_length=80, label="Tracking number under which it went out",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )  # fmt: skip
    reason = forms.ChoiceField(
        label="Why it comes back",
        choices=[("undeliverable", "Could not be delivered"), ("refused", "Refused by the customer"),
                 ("not_collected", "Not collected"), ("damaged", "Damaged on the way")],
    )  # fmt: skip
    items_help = "Only where the order went in several parcels: sku as on the label, and how many."

    def __init__(self, *args: Any, rows: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_rows(rows)

    def clean(self) -> dict[str, Any]:
        """Collect the items, none where the parcel is all of the order."""
        data = super().clean() or {}
        return {**data, "lines": self.items(data)}


def _may_receive(actor: Actor, region: str) -> bool:
    anywhere = any(EVERYWHERE in grant.regions for grant in actor.grants)
    return can(actor, Permission.RETURNS_RECEIVE, region=region) if region else anywhere

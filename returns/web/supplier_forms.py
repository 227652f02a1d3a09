"""Forms of suppliers: their terms, and one sku that comes from them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from retailops.lib.errors import Invalid
from retailops.lib.money import major, minor
from returns.inputs.base import read
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.models import Supplier, SupplierSku

OTHERS = "*"
CODE = re.compile(r"[A-Z]{3}|\*")


class LimitsField(forms.CharField):
    """Amounts by currency as a person writes them: `GBP 200.00`, one a line."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea({"rows": 3, "spellcheck": "false"}), **more)

    def prepare_value(self, value: Any) -> Any:
        """Return minor units by currency as lines."""
        if not isinstance(value, Mapping):
            return value
        return "\n".join(
            f"{code} {amount if code == OTHERS else major(amount, code)}" for code, amount in sorted(value.items())
        )

    def clean(self, value: Any) -> dict[str, int]:
        """Return minor units by currency."""
        lines = [line.split() for line in str(super().clean(value) or "").splitlines() if line.strip()]
        return dict(_amount(words) for words in lines)


def _amount(words: list[str]) -> tuple[str, int]:
    try:
        code, text = words[0].upper(), words[1].replace(",", "")
        amount = int(text) if code == OTHERS else minor(Decimal(text), code)
        if len(words) == 2 and amount >= 0 and CODE.fullmatch(code):
            return code, amount
    except (IndexError, ValueError, ArithmeticError):
        pass
    raise forms.ValidationError(f"“{' '.join(words)}” is not a currency and an amount, as in GBP 200.00.")


class TermsForm(forms.Form):
    """A supplier's terms."""

    name = forms.CharField(max_length=150, label="Name")
    takes_back = forms.BooleanField(required=False, label="Takes goods back")
    restocking_percent = forms.DecimalField(
        min_value=0, max_value=100, decimal_places=2, initial=0, label="Keeps for restocking, percent",
        help_text="Of the cost of goods that go back.",
    )  # fmt: skip
    claim_window_days = forms.IntegerField(
        min_value=0, max_value=3650, initial=0, label="Days to claim", help_text="From the verdict; 0 is no limit."
    )
    credit_days = forms.IntegerField(
        min_value=0, max_value=3650, initial=30, label="Days to credit",
        help_text="After sending; then its credit is overdue and a case.",
    )  # fmt: skip
    approval_above = LimitsField(
        label="A second person above", help_text="One currency a line, as in GBP 200.00; empty is no limit."
    )

    @classmethod
    def of(cls, supplier: Supplier, data: Any) -> "TermsForm":
        """Return the form with the present terms."""
        return cls(data, initial={name: getattr(supplier, name) for name in cls.base_fields})

    def terms(self) -> SupplierIn:
        """Return what the checked form spells. Raises Invalid."""
        told = {name: self.cleaned_data[name] for name in TermsForm.base_fields if name != "restocking_percent"}
        points = int(self.cleaned_data["restocking_percent"] * 100)
        return read(SupplierIn, told | {"restocking_basis_points": points})


class NewSupplierForm(TermsForm):
    """A supplier that is not known yet."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", label="Code", help_text="As the ERP calls it; it never changes."
    )
    field_order = ("code", "name")

    def clean_code(self) -> str:
        """Refuse a code that is taken: its supplier is changed on its own page."""
        code = str(self.cleaned_data["code"])
        if Supplier.objects.filter(code=code).exists():
            raise forms.ValidationError("There is a supplier of this code already; change it on its page.")
        return code


class SkuForm(forms.Form):
    """A sku that comes from the supplier, and what one unit costs."""

    sku = forms.CharField(max_length=64, label="Sku")
    supplier_sku = forms.CharField(max_length=64, required=False, label="The supplier's own number")
    unit_cost = forms.DecimalField(min_value=0, label="Cost of one unit")
    currency = forms.RegexField(r"^[A-Z]{3}$", max_length=3, initial="GBP", label="Currency")

    @classmethod
    def of(cls, known: SupplierSku | None, data: Any) -> "SkuForm":
        """Return the form, with what is known of the sku."""
        if known is None:
            return cls(data)
        cost = major(known.unit_cost, known.currency)
        told = {"sku": known.sku, "supplier_sku": known.supplier_sku, "unit_cost": cost, "currency": known.currency}
        return cls(data, initial=told)

    def told(self) -> SupplierSkuIn:
        """Return what the checked form spells. Raises Invalid."""
        data = self.cleaned_data
        return read(SupplierSkuIn, data | {"unit_cost": _cost(data["unit_cost"], data["currency"])})


def _cost(amount: Decimal, currency: str) -> int:
    try:
        return minor(amount, currency)
    except ValueError as wrong:
        raise Invalid(f"{currency} has fewer decimals than {amount}.", pointer="/unit_cost") from wrong

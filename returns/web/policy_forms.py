"""The editor's form, generated from the schema of `Rules`: a field a rule, and one table of amounts by currency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.forms import BoundField

from retailops.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from retailops.lib.errors import DomainError
from retailops.lib.money import exponent, major, minor
from returns import vocabulary
from returns.inputs.base import read
from returns.inputs.policies import PolicyDraftIn
from returns.models import ReturnPolicy
from returns.policy import Fee, Limits, Rules
from returns.policy_content import SCOPE, rules_in
from returns.policy_words import ABOUT, GROUPS, SCOPE_LABELS, SHIPPING, TENDERS, WARRANTY_REFUND, WINDOW_FROM
from returns.web.policy_parts import PARTS, put_parts

APPROVERS = [role for role in Role if Permission.APPROVALS_DECIDE in ROLE_PERMISSIONS[role]]
USUAL = ("GBP", "EUR", "USD")
OTHERS = "*"
NO_LIMIT = "no limit"
LABELS: Mapping[str, Mapping[str, str]] = {
    "window_from": {key: text.capitalize() for key, text in WINDOW_FROM.items()},
    "refund_shipping": SHIPPING,
    "tender_order": TENDERS,
    "warranty_refund": WARRANTY_REFUND,
}
FEES = ("restocking_fee", "label_fee")
LIMITS = ("auto_authorize_limit", "auto_approve_limit")


@dataclass(frozen=True)
class Row:
    """A row of the table of amounts: what the amounts are, and where they stand in the rules."""

    label: str
    path: tuple[str, ...]
    unlimited: bool

    def name(self, currency: str) -> str:
        """Return the name of the field of a currency."""
        return "__".join(("amount", *self.path, "other" if currency == OTHERS else currency))


ROWS = (
    Row("Customers keep lines below", ("keep_it_below",), unlimited=False),
    Row("Restocking fee, a return", ("restocking_fee", "fixed"), unlimited=False),
    Row("Label fee, a return", ("label_fee", "fixed"), unlimited=False),
    Row("A person gives up to, without a return", ("stored_value", "gift_limit"), unlimited=True),
    Row("Returns held for a review above", ("fraud", "value_above"), unlimited=False),
    Row("Refunds held for a review above", ("fraud", "refund_above"), unlimited=False),
    Row("Authorized at once up to", ("auto_authorize_limit",), unlimited=True),
    Row("Refunded without a second person up to", ("auto_approve_limit",), unlimited=True),
    *(Row(f"{role.label} may approve up to", ("approval_limits", str(role)), unlimited=True) for role in APPROVERS),
)


class AmountField(forms.CharField):
    """An amount in major units, `no limit`, or nothing."""

    def __init__(self, currency: str, *, unlimited: bool, **more: Any) -> None:
        super().__init__(required=False, max_length=20, **more)
        self.currency, self.unlimited = currency, unlimited
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> Any:
        """Return minor units, None for no limit, or an empty text for nothing."""
        text = str(super().clean(value)).strip().lower().replace(",", "")
        if not text:
            return ""
        if self.unlimited and text in (NO_LIMIT, "∞"):
            return None
        return self._minor(text)

    def _minor(self, text: str) -> int:
        try:
            amount = int(text) if self.currency == OTHERS else minor(Decimal(text), self.currency)
        except (ValueError, InvalidOperation) as wrong:
            digits = 0 if self.currency == OTHERS else exponent(self.currency)
            usable = f"an amount with at most {digits} decimals" + (f", or “{NO_LIMIT}”" if self.unlimited else "")
            raise forms.ValidationError(f"Give {usable}.") from wrong
        if amount < 0:
            raise forms.ValidationError("Give an amount that is not negative.")
        return amount


def currencies_of(rules: Rules) -> list[str]:
    """Return the currencies that the table shows: the usual ones and those that the rules name."""
    named = {currency for row in ROWS for currency in _amounts(rules, row)} - {OTHERS}
    return [*USUAL, *sorted(named - set(USUAL))]


def _amounts(rules: Rules, row: Row) -> Limits:
    found: Any = rules.model_dump()
    for step in row.path:
        found = found.get(step, {})
    return dict(found)


class PolicyForm(forms.Form):
    """Scope, dates and every rule of one draft."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, policy: ReturnPolicy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policy, self.rules = policy, rules_in(policy)
        self.initial.setdefault("revision", policy.revision)
        self.currencies = currencies_of(self.rules)
        self._add_scope()
        for name, info in Rules.model_fields.items():
            self._add_rule(name, info.annotation, getattr(self.rules, name))
        for part in PARTS:
            self._add(part.name, part.field(), part.present(self.rules.model_dump()))
        for row in ROWS:
            self._add_amounts(row)

    def _add_scope(self) -> None:
        for name in SCOPE:
            limit = getattr(ReturnPolicy._meta.get_field(name), "max_length", 64)
            self._add(
                name,
                forms.CharField(max_length=limit, required=False, label=SCOPE_LABELS[name]),
                getattr(self.policy, name),
            )
            self.fields[name].widget.attrs["placeholder"] = "any"
        picker = {"type": "datetime-local", "step": "60"}
        starts = forms.DateTimeField(
            required=False, label="Starts", widget=forms.DateTimeInput(picker, "%Y-%m-%dT%H:%M"),
            help_text="In your time zone. Empty: as soon as it is activated.",
        )  # fmt: skip
        ends = forms.DateTimeField(
            required=False, label="Ends", widget=forms.DateTimeInput(picker, "%Y-%m-%dT%H:%M"),
            help_text="Empty: when a newer version follows. With an end, the version before it applies again after it.",
        )  # fmt: skip
        later = self.policy.effective_from > self.policy.created_at and self.policy.effective_from
        self._add("effective_from", starts, later or None)
        self._add("effective_to", ends, self.policy.effective_to)

    def _add(self, name: str, field: forms.Field, initial: Any) -> None:
        self.fields[name] = field
        self.initial.setdefault(name, initial)

    def _add_rule(self, name: str, kind: Any, value: Any) -> None:
        if name in FEES:
            self._add_fee(name, value)
            return
        field = _field_of(name, kind)
        if field is not None:
            field.label, field.help_text = ABOUT[name]
            shown = ", ".join(value) if isinstance(field, forms.CharField) and isinstance(value, list) else value
            self._add(name, field, shown)

    def _add_fee(self, name: str, fee: Fee) -> None:
        label, about = ABOUT[name]
        percent = forms.DecimalField(label=f"{label}, percent", min_value=0, max_value=100, help_text=about)
        waived = forms.MultipleChoiceField(
            label="Not for these reasons", required=False, widget=forms.CheckboxSelectMultiple,
            choices=_reasons(fee.waived_reasons),
        )  # fmt: skip
        fault = forms.BooleanField(label="Not for any reason that is our fault", required=False)
        self._add(f"{name}__percent", percent, fee.percent)
        self._add(f"{name}__waived_reasons", waived, fee.waived_reasons)
        self._add(f"{name}__waive_merchant_fault", fault, fee.waive_merchant_fault)

    def _add_amounts(self, row: Row) -> None:
        amounts = _amounts(self.rules, row)
        for currency in [*self.currencies, *([OTHERS] if row.unlimited else [])]:
            where = "other currencies" if currency == OTHERS else currency
            field = AmountField(currency, unlimited=row.unlimited, label=f"{row.label}, {where}")
            shown = _shown(amounts[currency], currency) if currency in amounts else ""
            self._add(row.name(currency), field, shown)

    def groups(self) -> Iterator[tuple[str, list[BoundField]]]:
        """Yield the groups of fields in the order of a return's life, without the amounts."""
        for title, names in GROUPS.items():
            found = [
                self[each] for name in names for each in self.fields if each == name or each.startswith(f"{name}__")
            ]
            if found:
                yield title, found

    def scope(self) -> list[BoundField]:
        """Return the fields of the scope and the dates."""
        return [self[name] for name in (*SCOPE, "effective_from", "effective_to")]

    def table(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the table of amounts, a cell a currency."""
        for row in ROWS:
            yield {"label": row.label, "cells": [self._cell(row, each) for each in (*self.currencies, OTHERS)]}

    def _cell(self, row: Row, currency: str) -> dict[str, Any]:
        name = row.name(currency)
        shown = "Others" if currency == OTHERS else currency
        return {"currency": shown, "field": self[name] if name in self.fields else None}

    def draft(self) -> PolicyDraftIn:
        """Return what the checked form spells. Raises Invalid."""
        data = self.cleaned_data
        rules = self.rules.model_dump() | {name: self._rule(name, data) for name in Rules.model_fields if name in data}
        for name in FEES:
            rules[name] |= {
                part: data[f"{name}__{part}"] for part in ("percent", "waived_reasons", "waive_merchant_fault")
            }
        put_parts(rules, data)
        for row in ROWS:
            self._put_amounts(rules, row)
        dates = {"effective_from": data["effective_from"], "effective_to": data["effective_to"]}
        return read(PolicyDraftIn, {"scope": {name: data[name] for name in SCOPE}, "rules": rules, **dates})

    def _rule(self, name: str, data: Mapping[str, Any]) -> Any:
        value = data[name]
        if get_origin(Rules.model_fields[name].annotation) is list and isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    def _put_amounts(self, rules: dict[str, Any], row: Row) -> None:
        *steps, last = row.path
        holder = rules
        for step in steps:
            holder = holder.setdefault(step, {})
        given = {currency: self.cleaned_data.get(row.name(currency), "") for currency in (*self.currencies, OTHERS)}
        amounts = {currency: amount for currency, amount in given.items() if amount != ""}
        if amounts or steps != ["approval_limits"]:
            holder[last] = amounts
        else:
            holder.pop(last, None)

    def take(self, refusal: DomainError) -> None:
        """Show a refusal at the fields that it names."""
        for fault in refusal.errors or ():
            name = fault.pointer.strip("/").split("/")
            field = next((part for part in name if part in self.fields), None)
            self.add_error(field, fault.detail)
        if not refusal.errors:
            self.add_error(None, refusal.detail)


def _shown(amount: int | None, currency: str) -> str:
    if amount is None:
        return NO_LIMIT
    return str(amount) if currency == OTHERS else str(major(amount, currency))


def _reasons(chosen: Sequence[str]) -> list[tuple[str, str]]:
    known = vocabulary.choices("customer_reason")
    unknown = [code for code in chosen if code not in dict(known)]
    return [*known, *((code, vocabulary.label("customer_reason", code)) for code in unknown)]


def _field_of(name: str, kind: Any) -> forms.Field | None:
    """Return the field of a rule by its type; None for amounts by currency, which stand in the table."""
    if kind is bool:
        return forms.BooleanField(required=False)
    if kind is int:
        least, most = _bounds(name)
        return forms.IntegerField(min_value=least, max_value=most)
    if kind is str:
        return forms.CharField(required=False, max_length=40)
    if get_origin(kind) is Literal:
        return forms.ChoiceField(choices=[(value, LABELS[name][value]) for value in get_args(kind)])
    if hasattr(kind, "choices"):
        return forms.ChoiceField(choices=kind.choices)
    if get_origin(kind) is list and hasattr(get_args(kind)[0], "choices"):
        return forms.MultipleChoiceField(choices=get_args(kind)[0].choices, widget=forms.CheckboxSelectMultiple)
    if get_origin(kind) is list:
        return forms.CharField(required=False, max_length=1000)
    return None


def _bounds(name: str) -> tuple[int | None, int | None]:
    found = {
        part: getattr(each, part)
        for each in Rules.model_fields[name].metadata
        for part in ("ge", "le")
        if hasattr(each, part)
    }
    return found.get("ge"), found.get("le")


class NewPolicyForm(forms.Form):
    """The name of a policy and the version that its next one begins from."""

    name = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,29}$", label="Name",
        help_text="Small letters, digits and hyphens. A name that exists gets its next version.",
    )  # fmt: skip
    based_on = forms.ModelChoiceField(
        ReturnPolicy.objects.none(),
        required=False,
        label="Begin from",
        empty_label="its newest version, or the usual rules",
    )


class PolicyReasonForm(forms.Form):
    """Why."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the version; people read it later.")


class ActivateForm(forms.Form):
    """Nothing to say: what was agreed to is put in force."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ShareForm(forms.Form):
    """The next step of a rollout."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    share = forms.IntegerField(min_value=1, max_value=100, label="Share of the orders, in percent")

"""Forms of exchanges. They check shape; whether it is allowed, the command decides."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from inventory.selectors import offered
from retailops.lib.money import exponent, major, minor
from returns.allocation import count
from returns.enums import Resolution
from returns.exchange_terms import standing_of
from returns.models import Exchange, Return, ReturnLine
from returns.policy import rules_of
from returns.services.exchanges import still_owed
from returns.web.forms import ActionForm
from returns.worth import parts_of

SWAPPED = (Resolution.EXCHANGE, Resolution.REPLACEMENT)


class ExchangeForm(ActionForm):
    """Units of each line, the goods wanted for them, and what one of those costs."""

    template = "returns/_exchange_fields.html"
    what = forms.ChoiceField(
        label="What the customer gets",
        choices=(
            (Resolution.EXCHANGE.value, "Other goods, at their price"),
            (Resolution.REPLACEMENT.value, "The same goods once more, free of charge"),
        ),
    )
    reason = forms.CharField(
        max_length=200, required=False, label="Reason", help_text="Needed where policy does not offer it."
    )

    def build(self) -> None:
        """Add quantity, goods and price for each line with units that can be exchanged."""
        standing = standing_of(self.rma)
        self.free = {line: count(standing.free(line)) for line in standing.lines.values()}
        choices = offered(region=self.rma.region)
        for line in self.open_lines():
            self._add(line, self.free[line], choices)
        if all(line.resolution == Resolution.REPLACEMENT for line in self.open_lines()) and self.free:
            self.initial.setdefault("what", Resolution.REPLACEMENT.value)

    def open_lines(self) -> list[ReturnLine]:
        """Return the lines with units that can be exchanged."""
        return [line for line, free in self.free.items() if free > 0 and line.order_line is not None]

    def _add(self, line: ReturnLine, free: int, choices: dict[str, int]) -> None:
        number, title = line.line_no, f"{line.sku} {line.title}".strip()
        self.fields[f"quantity_{number}"] = forms.IntegerField(
            label=f"Units of {title} that come back", min_value=0, max_value=free, required=False,
            initial=free if line.resolution in SWAPPED else 0,
        )  # fmt: skip
        self.fields[f"wanted_{number}"] = forms.ChoiceField(
            label=f"Goods for {title}", choices=_choices(line, choices), required=False
        )
        self.fields[f"price_{number}"] = forms.DecimalField(
            label=f"Price of one, for {title}", min_value=Decimal(0), required=False, initial=_paid_each(line)
        )
        self.fields[f"price_{number}"].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(self.rma.currency)))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each open line with its fields."""
        for line in self.open_lines():
            fields = {name: self[f"{name}_{line.line_no}"] for name in ("quantity", "wanted", "price")}
            yield {"line": line, "free": self.free[line], **fields}

    def clean(self) -> dict[str, Any]:
        """Collect the lines; other goods need their sku and a price."""
        data = super().clean() or {}
        lines = [part for line in self.open_lines() if (part := self._line(line, data))]
        if not lines and not self.errors:
            raise forms.ValidationError("Give at least one unit.")
        return {**data, "lines": lines}

    def _line(self, line: ReturnLine, data: dict[str, Any]) -> dict[str, Any] | None:
        number, quantity = line.line_no, data.get(f"quantity_{line.line_no}")
        if not quantity:
            return None
        asked: dict[str, Any] = {"line_no": number, "quantity": quantity}
        if data.get("what") == Resolution.REPLACEMENT:
            return asked
        wanted, price = data.get(f"wanted_{number}"), data.get(f"price_{number}")
        if not wanted:
            self.add_error(f"wanted_{number}", "Choose what the customer gets.")
        if price is None:
            self.add_error(f"price_{number}", "Say what one of them costs.")
            return asked
        try:
            return asked | {"wanted_sku": wanted or "", "unit_price": minor(price, self.rma.currency)}
        except ValueError as fault:
            self.add_error(f"price_{number}", str(fault))
            return asked


def _choices(line: ReturnLine, free: dict[str, int]) -> list[tuple[str, str]]:
    """Offer what can be promised, the line's own goods always, so that nobody wonders where they are."""
    known = {line.sku: free.get(line.sku, 0)} | free
    return [("", "Choose"), *((sku, f"{sku} ({left or 'none'} free)") for sku, left in known.items())]


def _paid_each(line: ReturnLine) -> Decimal | None:
    """Return what was paid for one unit of the line, taxes included: an even exchange costs that."""
    if line.order_line is None or not line.units:
        return None
    start = line.units[0][0]
    worth = sum(part.amount for part in parts_of(line.order_line, [[start, start + 1]], duty=False))
    return major(worth, line.rma.currency)


class StepForm(forms.Form):
    """A step without anything to fill in."""

    def __init__(self, data: object = None, *, exchange: Exchange) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # the request's QueryDict, or None
        self.exchange = exchange
        self.build()

    def build(self) -> None:
        """Add what depends on the exchange."""


class EndForm(StepForm):
    """Why an exchange is given up."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the exchange.")


class ConvertForm(EndForm):
    """What the customer gets instead, and why."""

    to = forms.ChoiceField(label="Instead")
    field_order = ("to", "reason")

    def build(self) -> None:
        """Offer a gift card where policy does."""
        choices = [(Resolution.REFUND.value, "Money back"), (Resolution.STORE_CREDIT.value, "Store credit")]
        if Resolution.GIFT_CARD in rules_of(self.exchange.rma.policy).resolutions:
            choices.append((Resolution.GIFT_CARD.value, "A gift card"))
        field = self.fields["to"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class PaymentForm(StepForm):
    """What the customer paid, as the gateway knows it."""

    gateway = forms.CharField(max_length=40, label="Gateway")
    external_reference = forms.CharField(
        max_length=200, label="Reference there", help_text="The same reference counts once, however often it is sent."
    )
    amount = forms.DecimalField(min_value=Decimal("0.001"), label="Amount")

    def build(self) -> None:
        """Start from what is owed, and the gateway of the order's payment."""
        exchange = self.exchange
        order = exchange.rma.order
        self.fields["amount"].help_text = f"In {exchange.currency}."
        self.fields["amount"].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(exchange.currency)))
        self.initial["amount"] = major(max(0, still_owed(exchange)), exchange.currency)
        known = order.payments.order_by("id").first() if order else None
        self.initial["gateway"] = known.gateway if known else ""

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units."""
        data = super().clean() or {}
        if data.get("amount") is not None:
            try:
                data["amount"] = minor(data["amount"], self.exchange.currency)
            except ValueError as fault:
                self.add_error("amount", str(fault))
        return data


class ShipmentForm(StepForm):
    """How the new goods went."""

    carrier = forms.CharField(max_length=80, required=False, label="Carrier")
    tracking = forms.CharField(max_length=80, required=False, label="Tracking number")


def can_be_exchanged(rma: Return) -> bool:
    """Tell whether the return has units that can be exchanged."""
    standing = standing_of(rma)
    return any(line.order_line is not None and count(standing.free(line)) for line in standing.lines.values())

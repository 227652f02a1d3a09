"""Money: integer minor units with the currency's own exponent (ISO 4217), never floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def exponent(currency: str) -> int:
    """Return how many decimal digits the currency's minor unit has (JPY 0, GBP 2, KWD 3)."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units of one currency. Arithmetic across currencies raises ValueError."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount

    def as_dict(self) -> dict[str, Any]:
        """Return the wire shape `{"amount": minor units, "currency": code}`."""
        return {"amount": self.amount, "currency": self.currency}

    def __str__(self) -> str:
        return f"{major(self.amount, self.currency):,} {self.currency}"


def major(amount: int, currency: str) -> Decimal:
    """Return minor units as a decimal in major units: (1999, "GBP") → Decimal("19.99")."""
    return Decimal(amount).scaleb(-exponent(currency))


def minor(amount: Decimal | str, currency: str) -> int:
    """Return major units as integer minor units.

    Raises ValueError when the amount has more decimals than the currency.
    """
    scaled = Decimal(amount).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more decimals than {currency} allows ({exponent(currency)})")
    return int(scaled)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split minor units over weights by largest remainder; ties go to the earlier weight.

    The parts sum to `total` exactly: allocate(1000, [1, 1, 1]) → [334, 333, 333]. All-zero weights share equally. The
    total may be negative (a discount); weights must not be.
    """
    if not weights:
        if total:
            raise ValueError("cannot allocate money over no weights")
        return []
    shares = list(weights) if any(weights) else [1] * len(weights)
    if min(shares) < 0:
        raise ValueError("weights must not be negative")
    whole, sign = sum(shares), -1 if total < 0 else 1
    floors = [abs(total) * share // whole for share in shares]
    remainders = [abs(total) * share % whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: abs(total) - sum(floors)]:
        floors[i] += 1
    return [sign * part for part in floors]

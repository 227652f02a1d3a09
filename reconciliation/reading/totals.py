"""What a file says of itself against what its lines add up to; where they differ, the file is refused."""

from collections import Counter
from dataclasses import dataclass, field

from retailops.lib.errors import Unprocessable
from retailops.lib.money import Money


@dataclass
class Totals:
    """Amounts in minor units by name and currency (`net USD`), and counts. Readers fill both while they read."""

    declared: dict[str, int] = field(default_factory=dict)
    computed: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, amount: int, currency: str) -> None:
        """Add to what the lines come to."""
        self.computed[f"{name} {currency}"] += amount

    def declare(self, line: int, name: str, said: int, found: int, currency: str = "") -> None:
        """Keep what the file says at a line, and hold it against what was found. Raises Unprocessable."""
        self.declared[f"{name} {currency}".strip()] = said
        agree(line, name, said, found, currency)


def agree(line: int, name: str, said: int, found: int, currency: str = "") -> None:
    """Raise Unprocessable, naming line and sums, unless what is said is what was found."""
    if said != found:
        raise Unprocessable(
            f"Line {line}: {name} is said to be {_shown(said, currency)}, but the lines come to "
            f"{_shown(found, currency)}. Nothing of the file was taken.",
            code="control-total-failed", line=line, declared=said, computed=found,
        )  # fmt: skip


def _shown(amount: int, currency: str) -> str:
    return str(Money(amount, currency)) if currency else str(amount)

"""What a benchmark found, beside what was asked of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One figure with its unit and, where the product promises one, its bound."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    below: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the bound is kept (a figure without one always holds)."""
        if self.at_least is not None and self.value < self.at_least:
            return False
        return self.below is None or self.value < self.below

    def line(self) -> str:
        """The figure as a line of the table."""
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else ""
        bound = f"< {self.below:g}" if self.below is not None else bound
        mark = ("holds" if self.holds else "BELOW") if bound else ""
        return f"| {self.name} | {_short(self.value)} {self.unit} | {bound} | {mark} |"


@dataclass
class Report:
    """The figures of one run."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Keep figures and print them at once."""
        for figure in figures:
            self.figures.append(figure)
            print(figure.line(), flush=True)

    @property
    def holds(self) -> bool:
        """Whether every bound is kept."""
        return all(figure.holds for figure in self.figures)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

"""Fields of the editor for rules that are documents of their own: stored value, and what is held for a review."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from returns.enums import ReturnKind
from returns.policy import FraudRules, Frequency, Rate, StoredValueRules

Path = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One value within a rule: where it stands, what it is called, and what it does."""

    path: Path
    label: str
    about: str = ""
    optional: bool = False

    @property
    def name(self) -> str:
        """Return the name of its field."""
        return "__".join(self.path)

    def field(self) -> forms.Field:
        """Return the form field, bounded as the rule is."""
        found = self._plain()
        found.label, found.help_text = self.label, self.about
        return found

    def _plain(self) -> forms.Field:
        owner, last = OWNERS[self.path[:-1]], self.path[-1]
        if last == "kinds":
            return forms.MultipleChoiceField(
                choices=ReturnKind.choices, widget=forms.CheckboxSelectMultiple, required=False
            )
        if owner.model_fields[last].annotation is bool:
            return forms.BooleanField(required=False)
        least, most = _bounds(owner, last)
        if last == "bonus_percent":
            return forms.DecimalField(min_value=least, max_value=most)
        return forms.IntegerField(min_value=least, max_value=most, required=not self.optional)

    def present(self, rules: Mapping[str, Any]) -> Any:
        """Return the value that stands in the rules' document."""
        found: Any = rules
        for step in self.path:
            found = (found or {}).get(step)
        return found


OWNERS: Mapping[Path, Any] = {
    ("stored_value",): StoredValueRules,
    ("fraud",): FraudRules,
    ("fraud", "returns_above"): Frequency,
    ("fraud", "return_rate_above"): Rate,
}
PARTS = (
    Part(("stored_value", "bonus_percent"), "Bonus, percent", "On top of what was paid, for credit in place of money."),
    Part(("stored_value", "store_credit_days"), "Store credit lasts, days", "Empty: it does not expire.", True),
    Part(("stored_value", "gift_card_days"), "A gift card lasts, days", "Empty: it does not expire.", True),
    Part(("fraud", "kinds"), "Kinds of return that are held"),
    Part(("fraud", "returns_above", "count"), "More returns than", "Of one customer. Empty: not held for it.", True),
    Part(("fraud", "returns_above", "days"), "… within days", "", True),
    Part(("fraud", "return_rate_above", "percent"), "More units back than, percent", "Empty: not held for it.", True),
    Part(("fraud", "return_rate_above", "days"), "… of what was bought within days", "", True),
    Part(("fraud", "return_rate_above", "min_units"), "… once so many units were bought", "", True),
    Part(("fraud", "refund_before_goods"), "Hold refunds before the goods are here"),
    Part(("fraud", "review_hours"), "Decide within hours", "A review that nobody decides by then is a case."),
)
# Groups of values that stand only where their first one is given.
OPTIONAL: Mapping[Path, str] = {("fraud", "returns_above"): "count", ("fraud", "return_rate_above"): "percent"}


def put_parts(rules: dict[str, Any], data: Mapping[str, Any]) -> None:
    """Write what the checked form gives into the rules' document."""
    groups: dict[Path, dict[str, Any]] = {}
    for part in PARTS:
        groups.setdefault(part.path[:-1], {})[part.path[-1]] = data[part.name]
    for path, values in groups.items():
        first = OPTIONAL.get(path)
        if first is None:
            rules[path[0]] |= values
        else:
            given = {name: value for name, value in values.items() if value is not None}
            rules[path[0]][path[1]] = given if first in given else None


def _bounds(owner: Any, name: str) -> tuple[int | None, int | None]:
    """Return the least and the greatest value that the rule takes, also where it may be left out."""
    info = owner.model_fields[name]
    inner = [each for arg in getattr(info.annotation, "__args__", ()) for each in getattr(arg, "__metadata__", ())]
    metadata = [*info.metadata, *(part for each in inner for part in getattr(each, "metadata", ()))]
    found = {part: getattr(each, part) for each in metadata for part in ("ge", "le") if hasattr(each, part)}
    return found.get("ge"), found.get("le")

"""Items of a parcel, one a line: a sku and how many, with as many lines as are asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms

# More than any parcel holds different items; beyond it another parcel is recorded.
MOST_ROWS = 200
FEWEST_ROWS = 3
# The button that asks for one more line, and the field that tells how many there are.
MORE, COUNT = "more", "rows"


def rows_in(data: Mapping[str, Any] | None) -> int:
    """Return how many lines a sent form has, with the one that it asks for."""
    given = str((data or {}).get(COUNT, ""))
    known = int(given) if given.isdigit() else FEWEST_ROWS
    return max(1, min(MOST_ROWS, known + (MORE in (data or {}))))


class ItemRows(forms.Form):
    """The lines; a form that has them asks for them with `add_rows` and gets them from `items`."""

    row_count = 0

    def add_rows(self, count: int) -> None:
        """Add so many lines; where one was asked for, the cursor stands in the first that is empty."""
        self.row_count = count
        for number in range(1, count + 1):
            sku = forms.CharField(max_length=64, required=False, label=f"Item {number}")
            sku.widget.attrs.update({"autocomplete": "off", "spellcheck": "false", "placeholder": "sku"})
            self.fields[f"sku_{number}"] = sku
            self.fields[f"units_{number}"] = forms.IntegerField(
                min_value=1, required=False, initial=1, label=f"Units of item {number}"
            )
        if MORE in self.initial:
            self._point_at_the_first_empty()

    def _point_at_the_first_empty(self) -> None:
        empty = (n for n in range(1, self.row_count + 1) if not self.initial.get(f"sku_{n}"))
        for field in self.fields.values():
            field.widget.attrs.pop("autofocus", None)
        self.fields[f"sku_{next(empty, self.row_count)}"].widget.attrs["autofocus"] = True

    @property
    def may_grow(self) -> bool:
        """Tell whether another line may be asked for."""
        return self.row_count < MOST_ROWS

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the fields of each line."""
        for number in range(1, self.row_count + 1):
            yield {"number": number, "sku": self[f"sku_{number}"], "units": self[f"units_{number}"]}

    def items(self, data: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the lines that name something, from the cleaned data."""
        return [
            {"sku": data[f"sku_{number}"].strip(), "quantity": data.get(f"units_{number}") or 1}
            for number in range(1, self.row_count + 1)
            if (data.get(f"sku_{number}") or "").strip()
        ]

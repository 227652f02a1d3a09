"""How dashboards tell figures: lengths of time, changes, shares."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from retailops.workbench.dashboards.figures import Reading
from retailops.workbench.templatetags.workbench import DASH, icon

register = template.Library()
# Below each limit (seconds) a length is told in this unit.
UNITS = ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h"), (None, 86_400, "d"))


@register.filter
def lasting(seconds: object) -> str:
    """Return a length of time (seconds) to two or three digits: `42 s`, `7.5 min`, `26 h`, `3.2 d`; else a dash."""
    if not isinstance(seconds, int | float):
        return DASH
    unit, name = next((unit, name) for limit, unit, name in UNITS if limit is None or seconds < limit)
    amount = seconds / unit
    return f"{amount:.0f} {name}" if amount >= 10 or unit == 1 else f"{amount:.1f} {name}".replace(".0 ", " ")


@register.filter
def percent(share: object) -> str:
    """Return a share in percent: `98.2 %`, `100 %`; never rounded up to all or down to none."""
    if not isinstance(share, int | float):
        return DASH
    told = f"{share:.1f}"
    told = "99.9" if told == "100.0" and share < 100 else "0.1" if told == "0.0" and share > 0 else told
    return f"{told.removesuffix('.0')} %"


@register.filter
def counted(number: int) -> str:
    """Return a number with its thousands parted."""
    return f"{number:,}"


@register.filter
def width_of(value: float, most: float) -> str:
    """Return how wide the bar of a value is, of 100; something is never nothing."""
    return f"{max(1.0, 100 * value / most):.1f}" if value else "0"


@register.simple_tag
def change(reading: Reading) -> SafeString | str:
    """Return the change against the period before, as words, arrow and color."""
    if reading.change is None:
        return ""
    rounded = round(reading.change, 1) + 0.0
    if not rounded:
        return format_html('<span class="change">{}</span>', "as before")
    tone = {True: " is-better", False: " is-worse", None: ""}[reading.better]
    what = "points" if reading.figure.whole is not None else "%"
    return format_html(
        '<span class="change{}">{}{} {}</span>',
        tone,
        icon("arrow-up" if rounded > 0 else "arrow-down"),
        _digits(rounded),
        what,
    )


def _digits(change: float) -> str:
    return f"{abs(change):,.0f}" if abs(change) >= 10 else f"{abs(change):.1f}"


# Of a sparkline, in its own units.
WIDE, HIGH = 100, 24


@register.simple_tag
def spark(reading: Reading) -> SafeString | str:
    """Return the figure's days as a small line, with the same in words for who does not see it."""
    if len(reading.days) < 2:
        return ""
    least, most = min(reading.days), max(reading.days)
    step, scale = WIDE / (len(reading.days) - 1), (HIGH - 4) / (most - least or 1)
    points = " ".join(f"{n * step:.1f},{HIGH - 2 - (day - least) * scale:.1f}" for n, day in enumerate(reading.days))
    tell = lasting if reading.figure.measured else percent if reading.figure.whole is not None else _number
    return format_html(
        '<svg class="spark-days" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<polyline points="{}"/></svg>',
        WIDE, HIGH, f"By day: from {tell(reading.days[0])} to {tell(reading.days[-1])}, least {tell(least)}, "
        f"most {tell(most)}", points,
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:,.0f}"


@register.filter
def attribute(row: object, name: str) -> object:
    """Return a row's value of the column that a figure measures."""
    return getattr(row, name)


@register.filter
def at(values: Sequence[Any], place: int) -> Any:
    """Return the value at a place, counted from 0; None beyond the end."""
    return values[place] if place < len(values) else None


@register.filter
def plural(noun: str, count: int) -> str:
    """Return the noun for that many: `delivery`, `deliveries`."""
    if count == 1:
        return noun
    return f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"


@register.filter
def figure_text(reading: Reading) -> str:
    """Return a reading in one line of text: `2.4 d (95 of 100 within 6 d)`, `98.2 %`, `41, 1,204.50 GBP`."""
    if reading.figure.measured:
        if not reading.percentiles:
            return DASH
        return f"{lasting(reading.percentiles[0])} (95 of 100 within {lasting(reading.percentiles[1])})"
    if reading.figure.whole is not None:
        return f"{percent(reading.share)} ({reading.count:,} of {reading.whole or 0:,})"
    return ", ".join([f"{reading.count:,}", *map(str, reading.money)])


@register.filter
def change_text(reading: Reading) -> str:
    """Return the change against the period before in text: `+12 %`, `+3.1 points`; empty where it cannot be told."""
    if reading.change is None:
        return ""
    what = "points" if reading.figure.whole is not None else "%"
    sign = "+" if reading.change > 0 else "\N{MINUS SIGN}" if reading.change < 0 else "±"
    return f"{sign}{_digits(reading.change)} {what}"

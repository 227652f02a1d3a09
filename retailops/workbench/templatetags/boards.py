"""The rows of boards, drawn in one go: a loop in a template costs ten times as much for each number."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django import template
from django.template.defaultfilters import date as day_text
from django.urls import get_script_prefix, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from retailops.lib.money import Money
from retailops.workbench.dashboards.figures import Figure, Reading
from retailops.workbench.dashboards.parts import DayRow, Days, GroupRow, Groups, Promise, Promises, Table, Tiles
from retailops.workbench.templatetags.dashboards import change, counted, lasting, percent, plural, spark, width_of
from retailops.workbench.templatetags.workbench import DASH, NOTHING, icon, money, signed, when

register = template.Library()
# Up to so many columns a group also says how old its oldest is.
ROOM_FOR_OLDEST = 4


@register.simple_tag
def tile_links(part: Tiles, query: str) -> SafeString:
    """Return each figure as a tile that opens its rows."""
    return _safe(_tile(reading, query) for reading in part.readings)


@register.simple_tag
def table_rows(part: Table, query: str) -> SafeString:
    """Return a row for each figure: its counts and money, or its percentiles."""
    cells = _counts if part.kind == "counts" else _lengths
    return _safe(
        f'<tr data-figure="{reading.figure.key}"><th scope="row"><a class="row-link" '
        f'href="{rows_of(reading.figure.key, query)}" title="{escape(reading.figure.about)}">'
        f"{escape(reading.figure.title)}</a>{change(reading)}</th>{cells(reading, part.most)}</tr>"
        for reading in part.readings
    )


@register.simple_tag
def group_rows(part: Groups) -> SafeString:
    """Return a row for each value of the grouping column."""
    aged = len(part.figures) <= ROOM_FOR_OLDEST
    return _safe(
        f'<tr><th scope="row"><a class="row-link" href="?{escape(row.query)}">{escape(row.value or "none")}</a></th>'
        f"{''.join(_of_group(reading, row, aged) for reading in row.readings)}</tr>"
        for row in part.rows
    )


@register.simple_tag
def promise_rows(part: Promises, query: str) -> SafeString:
    """Return a row for each promise."""
    return _safe(
        f'<tr><th scope="row">{escape(row.title)}</th>'
        f"{''.join(_of_promise(reading, row, query) for reading in row.readings)}{_burn(row.burn)}</tr>"
        for row in part.rows
    )


@register.simple_tag
def day_rows(part: Days) -> SafeString:
    """Return a row for each day, from which the chart is drawn as well."""
    cells = _day_lengths if part.unit == "seconds" else _day_counts
    return _safe(_day(part, row, cells) for row in part.rows)


def rows_of(key: str, query: str) -> str:
    """Return the address of the rows behind a figure, for an attribute."""
    address = _address(get_script_prefix(), key)
    return f"{address}?{escape(query)}" if query else address


@lru_cache(1024)
def _address(_prefix: str, key: str) -> str:
    return reverse("dashboards:rows", args=[key])


def _safe(pieces: Iterable[str]) -> SafeString:
    return mark_safe("\n".join(pieces))  # noqa: S308  # each piece has escaped what it was told


# -- Tiles


def _tile(reading: Reading, query: str) -> str:
    figure = reading.figure
    return (
        f'<a class="figure{" is-bad" if figure.trouble and reading.count else ""}" data-figure="{figure.key}" '
        f'href="{rows_of(figure.key, query)}" title="{escape(figure.about)}"><span class="label">{icon(figure.icon)}'
        f'{escape(figure.title)}</span><span class="value">{_value(reading)}</span><span class="note">'
        f"{_note(reading)}</span>{change(reading)}{spark(reading)}</a>"
    )


def _value(reading: Reading) -> str:
    if reading.figure.measured:
        return _nth(reading, 0)
    return percent(reading.share) if reading.figure.whole is not None else counted(reading.count)


def _note(reading: Reading) -> str:
    figure, noun = reading.figure, reading.figure.base.source.noun
    if figure.measured:
        told = f"half were quicker; 95 of 100 within {_nth(reading, 1)}, 99 within {_nth(reading, 2)}"
        many = f"{counted(reading.count)} {plural(noun, reading.count)}"
        return f'{told if reading.percentiles else ""}<span class="apart">{many}</span>'
    if figure.whole is not None:
        whole = reading.whole or 0
        return f"{counted(reading.count)} of {counted(whole)} {plural(noun, whole)}"
    told = " · ".join(_moneys(reading.money))
    return f'{told}<span class="apart">oldest {when(reading.oldest)}</span>' if reading.oldest else told


# -- Tables


def _counts(reading: Reading, most: float) -> str:
    told = "<br>".join(f'<span class="nowrap">{each}</span>' for each in _moneys(reading.money)) or NOTHING
    return (
        f'<td class="num counted" data-label="Returns">{counted(reading.count)}</td>{_bar(reading.count, most)}'
        f'<td class="num" data-label="Money waiting">{told}</td><td class="muted" data-label="Oldest">'
        f"{when(reading.oldest)}</td>"
    )


def _lengths(reading: Reading, most: float) -> str:
    longest = reading.percentiles[1] if reading.percentiles else 0
    return (
        f'<td class="num" data-label="Half">{_nth(reading, 0)}</td><td class="num strong" data-label="95 of 100">'
        f'{_nth(reading, 1)}</td>{_bar(longest, most)}<td class="num" data-label="99 of 100">{_nth(reading, 2)}</td>'
        f'<td class="num muted counted" data-label="Counted">{counted(reading.count)}</td>'
    )


def _bar(value: float, most: float) -> str:
    return (
        '<td class="bar-cell"><svg class="hbar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="hbar-back" width="100" height="6"/>'
        f'<rect class="hbar-fill" width="{width_of(value, most)}" height="6"/></svg></td>'
    )


# -- Groups


def _of_group(reading: Reading, row: GroupRow, aged: bool) -> str:
    figure = reading.figure
    begin = f'<td class="num{" worst" if figure.key == row.worst else ""}" data-label="{escape(figure.title)}">'
    if not reading.count:
        return f"{begin}{NOTHING}</td>"
    link = f'<a data-figure="{figure.key}" href="{rows_of(figure.key, row.query)}">'
    if figure.measured:
        note = '<span class="visually-hidden">, the longest stage</span>' if figure.key == row.worst else ""
        return f"{begin}{link}{_nth(reading, 1)}{note}</a></td>"
    seconds = [*_moneys(reading.money), *([f"oldest {when(reading.oldest)}"] if reading.oldest and aged else [])]
    return f"{begin}{link}{counted(reading.count)}</a>{''.join(map(_second, seconds))}</td>"


# -- Promises


def _of_promise(reading: Reading, row: Promise, query: str) -> str:
    figure, is_share = reading.figure, reading.figure.whole is not None
    bad = " bad" if figure.trouble and reading.count else ""
    begin = f'<td class="num{bad}" data-label="{escape(figure.title)}">'
    if not reading.count and not reading.whole:
        return f"{begin}{NOTHING}</td>"
    narrowed = f"{query}{'&' if query else ''}promise={quote(row.name)}"
    told = percent(reading.share) if is_share else counted(reading.count)
    of = _second(f"{counted(reading.count)} of {counted(reading.whole or 0)}") if is_share else ""
    return f'{begin}<a href="{rows_of(figure.key, narrowed)}">{told}</a>{of}</td>'


def _burn(burn: float | None) -> str:
    told = NOTHING if burn is None else f"{burn:.1f}×"
    return f'<td class="num{" bad" if burn and burn > 1 else ""}" data-label="Burn">{told}</td>'


# -- Days


def _day(part: Days, row: DayRow, cells: Any) -> str:
    before: Sequence[Reading | None] = row.before if part.compare else [None] * len(part.figures)
    each = "".join(
        cells(figure, reading, past, row.query, part.compare)
        for figure, reading, past in zip(part.figures, row.readings, before, strict=True)
    )
    net = f'<td class="num">{signed(row.net or 0)}</td>' if part.net else ""
    return f'<tr><th scope="row">{day_text(row.day, "D j M")}</th>{each}{net}</tr>'


def _day_lengths(figure: Figure, reading: Reading | None, past: Reading | None, query: str, compared: bool) -> str:
    told = f'<a href="{rows_of(figure.key, query)}">{_nth(reading, 1)}</a>' if reading else DASH
    before = f'<td class="num muted" data-value="{_seconds(past, 1)}">{_nth(past, 1)}</td>' if compared else ""
    return (
        f'<td class="num" data-value="{_seconds(reading, 0)}">{_nth(reading, 0)}</td>'
        f'<td class="num" data-value="{_seconds(reading, 1)}">{told}</td>{before}'
    )


def _day_counts(figure: Figure, reading: Reading | None, past: Reading | None, query: str, compared: bool) -> str:
    count, was = reading.count if reading else 0, past.count if past else 0
    link = f'<a data-figure="{figure.key}" href="{rows_of(figure.key, query)}">{counted(count)}</a>' if reading else "0"
    before = f'<td class="num muted" data-value="{was}">{counted(was)}</td>' if compared else ""
    return f'<td class="num" data-value="{count}">{link}</td>{before}'


# -- What they have in common


def _nth(reading: Reading | None, place: int) -> str:
    return lasting(reading.percentiles[place]) if reading and reading.percentiles else DASH


def _seconds(reading: Reading | None, place: int) -> str:
    return str(reading.percentiles[place]) if reading and reading.percentiles else ""


def _moneys(amounts: Iterable[Money]) -> list[str]:
    return [money(each.amount, each.currency) for each in amounts]


def _second(told: str) -> str:
    return f'<span class="second">{told}</span>'

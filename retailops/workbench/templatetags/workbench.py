"""What every template may use without loading: icons, states, money, times, ids and form fields."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, RadioSelect, Select
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from retailops.events.enums import Trigger
from retailops.events.verdicts import standing
from retailops.lib.money import exponent, major
from retailops.workbench import icons
from retailops.workbench import words as vocabulary
from retailops.workbench.exceptions import wording
from retailops.workbench.trace.curl import as_curl
from retailops.workbench.words import plain, word

register = template.Library()
DASH = "\N{EN DASH}"
NOTHING = format_html('<span class="faint">{}</span>', DASH)
STEPS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"))


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Return a Heroicon of the sprite, hidden from assistive technology: the words beside it say the same."""
    return icons.drawn(name, size)


@register.simple_tag
@lru_cache(1024)
def status(kind: str, value: object, plainly: bool = False) -> SafeString:
    """Return a state as icon, words and color; `kind` chooses the vocabulary (`retailops.workbench.words`)."""
    shown = word(kind, str(value))
    css = f"st st-{shown.tone or 'idle'}{' st-plain' if plainly else ''}"
    return format_html('<span class="{}">{}{}</span>', css, icon(shown.icon_name), shown.text)


@register.filter
def offer(tags: str) -> dict[str, str]:
    """Return what a message offers to undo (`text`), and for how many seconds where that is a matter of seconds."""
    seconds, _, text = tags.rpartition(" ")
    return {"text": text, "seconds": seconds}


@register.filter
def words(value: object) -> str:
    """Return a code as plain words: `pending_inspection` → `Pending inspection`."""
    return plain(str(value))


@register.simple_tag
def money(amount: int | None, currency: str) -> SafeString:
    """Return minor units as an amount with its currency; nothing known is a dash."""
    if amount is None:
        return NOTHING
    digits = f"{major(abs(amount), currency):,.{exponent(currency)}f}"
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return format_html('<span class="money">{}{}<span class="cur">&nbsp;{}</span></span>', sign, digits, currency)


def relative(moment: datetime, now: datetime) -> str:
    """Return a distance in time as people say it: `3 min ago`, `in 2 h`, `now`."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 5:
        return "now"
    text = span(timedelta(seconds=abs(seconds)))
    return f"in {text}" if seconds < 0 else f"{text} ago"


@register.filter
def span(length: timedelta | float | None) -> str:
    """Return a length of time in its largest unit: `42 s`, `7 min`, `3 h`, `12 d`."""
    if length is None:
        return DASH
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    for limit, unit, name in STEPS:
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // 86400)} d"


@register.simple_tag
def age(moment: datetime | None) -> str:
    """Return how long ago that was, in its largest unit."""
    return span(timezone.now() - moment if moment else None)


@register.filter
def signed(value: int) -> str:
    """Return a number with its sign: `+3`, `0`, a true minus."""
    return f"+{value}" if value > 0 else f"\N{MINUS SIGN}{-value}" if value < 0 else "0"


@register.filter
def milliseconds(value: float | None) -> str:
    """Return a duration given in milliseconds: `340 ms`, `2.1 s`."""
    if value is None:
        return DASH
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """Return a moment relative to now; the exact time in the person's zone is its title."""
    if moment is None:
        return NOTHING
    exact = timezone.localtime(moment)
    return format_html(
        '<time data-rel datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{exact:%Y-%m-%d %H:%M:%S} {exact.tzname()}",
        relative(moment, timezone.now()),
    )


@register.simple_tag
def exact(moment: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> SafeString:
    """Return the exact moment in the person's zone; the zone is its title."""
    if moment is None:
        return NOTHING
    there = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), there.tzname() or "", f"{there:{form}}"
    )


@register.simple_tag
def ident(value: object, label: str = "") -> SafeString:
    """Return an id in mono that copies itself on a click."""
    if value in (None, ""):
        return NOTHING
    return format_html(
        '<button type="button" class="id" data-copy="{}" title="Copy {}">{}{}</button>',
        value,
        value,
        label or value,
        icon("square-2-stack"),
    )


@register.filter
def rule_fits(rule: Any) -> str:
    """Return in words what a rule for cases fits."""
    return wording.rule_fits(rule)


@register.filter
def operation_kind(kind: str) -> str:
    """Return what a bulk operation does to each of its things."""
    return vocabulary.operation_kind(kind)


@register.filter
def is_past(moment: datetime) -> bool:
    """Tell whether the moment has gone by."""
    return moment < timezone.now()


@register.filter
def shorter(value: object, length: int = 8) -> str:
    """Return the distinguishing end of a long id."""
    text = str(value)
    return text if len(text) <= length + 2 else f"…{text[-length:]}"


@register.filter
def pretty(value: object) -> str:
    """Return JSON, or text that holds JSON, indented; other text unchanged."""
    if isinstance(value, str | bytes):
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        try:
            value = json.loads(text)
        except ValueError:
            return text
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def curl(request: Mapping[str, Any] | None) -> str:
    """Return a kept request as a curl command; empty for one that was not kept."""
    return as_curl(request)


@register.filter
def capped(value: int, limit: int = 10_000) -> str:
    """Return a count that stops at the limit: `10,000+`."""
    return f"{limit:,}+" if value > limit else f"{value:,}"


@register.filter
def styled(field: BoundField) -> SafeString:
    """Return the field's widget in the look of the page, tied to its errors for assistive technology."""
    attrs: dict[str, Any] = {"class": _css(field)}
    if field.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{field.auto_id}_error"}
    return field.as_widget(attrs=attrs)


@register.filter
def get(mapping: Mapping[Any, Any], key: object) -> Any:
    """Return a mapping's value by a key that the template holds in a variable; nothing when it is not there."""
    return mapping.get(key)


@register.filter
def labeled(field: BoundField) -> SafeString:
    """Return the field in the look of the page with its label for assistive technology only."""
    attrs: dict[str, Any] = {"class": _css(field), "aria-label": field.label}
    if field.value():
        attrs["class"] += " on"
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)


@register.filter
def words_of(text: str) -> list[str]:
    """Return the words of a text, to walk over names in a template."""
    return text.split()


@register.filter
def field_of(form: BaseForm, name: str) -> BoundField | None:
    """Return the form's field of that name, if it has one."""
    return form[name] if name in form.fields else None


FACETS = (
    ("logistics", "Goods", "truck"),
    ("inspection", "Inspection", "clipboard-document-check"),
    ("money", "Money", "banknotes"),
    ("stock", "Stock", "archive-box"),
    ("erp", "ERP", "book-open"),
)


@register.simple_tag
def facets(rma: Any) -> SafeString:
    """Return the five facets of a return as a row of icons; each says itself in words on hover and to readers."""
    return _facets(tuple(str(getattr(rma, name)) for name, _, _ in FACETS))


@lru_cache(2048)
def _facets(states: tuple[str, ...]) -> SafeString:
    marks = []
    for (_, label, symbol), state in zip(FACETS, states, strict=True):
        shown = word("facet", state)
        text = f"{label}: {shown.text.lower()}"
        marks.append((shown.tone or "none", text, icon(symbol), text))
    inner = format_html_join(
        "", '<span class="facet facet-{}" title="{}">{}<span class="visually-hidden">{}. </span></span>', marks
    )
    return format_html('<span class="facets">{}</span>', inner)


@register.simple_tag
def delivery_status(delivery: Any) -> SafeString:
    """Return a delivery's state; what one that is ready waits for (time, pause, an earlier one) is told apart."""
    return status("delivery", standing(delivery))


@register.simple_tag
def attempt_status(attempt: Any) -> SafeString:
    """Return what came of an attempt: of one that sent, or of one that only asked whether the effect is there."""
    return status("look_up" if attempt.trigger == Trigger.LOOK_UP else "attempt", attempt.outcome)


@register.simple_tag
def trouble(delivery: Any) -> str:
    """Return in words what is wrong with a delivery and what to do."""
    return vocabulary.trouble(
        system_name(delivery.destination), delivery.operation, delivery.status, delivery.failure_class
    )


@register.filter
def system_name(destination: Any) -> str:
    """Return what people call a destination: its connection's label, else its name in words."""
    connection = getattr(destination, "connection", None)
    return connection.label if connection is not None else plain(destination.name)


@register.simple_tag(takes_context=True)
def who(context: Mapping[str, Any], key: str) -> str:
    """Return who an actor's key stands for, by name."""
    shell = context.get("shell")
    return shell.names.of(key) if shell is not None and key else key


@register.simple_tag
def address(offered: Any) -> str:
    """Return the address of an action that a case offers."""
    return reverse(offered.url_name, kwargs=offered.url_kwargs)


@register.filter
def operation(name: str) -> str:
    """Return what a delivery is for, in words."""
    return vocabulary.operation(name)


@register.filter
def case_kind(kind: str) -> str:
    """Return what a kind of case is about, in words."""
    return vocabulary.case_kind(kind)


@register.filter
def told(value: object) -> str:
    """Return a setting as people read it: lists and tables as text, yes and no in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} \N{RIGHTWARDS ARROW} {part}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@register.filter
def event_words(type: str) -> str:
    """Return what an event tells, in words."""
    return vocabulary.event(type).text


def _css(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, CheckboxInput | RadioSelect):
        return "form-check-input"
    return "form-select" if isinstance(widget, Select) else "form-control"

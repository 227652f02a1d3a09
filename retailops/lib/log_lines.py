"""What a log line bears and what it never does: correlation id and actor always; personal data and secrets never.

Keys are masked by name, and text by what it looks like, tracebacks and messages of libraries included. Names of people
cannot be told from other words: whoever logs must not hand them over; what libraries quote of rows and inputs is cut.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from retailops.lib.ids import uuid7

MASK = "[redacted]"
Line = MutableMapping[str, Any]
SECRET_WORDS = (
    "secret",
    "token",
    "password",
    "authorization",
    "api_key",
    "apikey",
    "signature",
    "credential",
    "cookie",
)
PERSONAL = frozenset({
    "email", "phone", "first_name", "last_name", "customer_name", "full_name", "recipient", "address", "address1",
    "address2", "billing_address", "shipping_address", "postal_code", "zip", "iban", "card", "birthdate",
})  # fmt: skip
_CUT = (
    # What PostgreSQL and pydantic quote of rows and inputs.
    (re.compile(r"(DETAIL:\s+)[^\n]*"), rf"\1{MASK}"),
    (re.compile(r"Failing row contains \([^\n]*"), f"Failing row contains {MASK}"),
    (re.compile(r"Key \(([^)]*)\)=\([^\n]*?\)(?= |$)"), rf"Key (\1)={MASK}"),
    (re.compile(r"input_value=[^\n]*?(, input_type=)"), rf"input_value={MASK}\1"),
    (re.compile(r"(://)[^/@\s:]+:[^/@\s]+@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"\b(?:sk|rk|pk|whsec|shpat|shpss|shpca|rop|ro)_[\w-]{6,}"), MASK),
    (re.compile(r"(?i)([?&](?:[\w-]*(?:token|secret|password|signature|key)|email|phone|q)=)[^&\s\"']+"), rf"\1{MASK}"),
    (re.compile(r"[\w.+%'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), MASK),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), MASK),
    (re.compile(r"(?<![\w.:+-])\+\d{1,3}[\d\s().-]{6,16}\d\b"), MASK),
)
_CARD = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")
# Work that is part of no story (start, sweeps) is correlated by its process.
PROCESS = str(uuid7())
_actor: ContextVar[Callable[[], str] | None] = ContextVar("log_actor", default=None)
NOBODY = "system:process"


@contextmanager
def acting(source: Callable[[], str]) -> Iterator[None]:
    """Have the lines of the block bear the actor that `source` returns when they are written."""
    token = _actor.set(source)
    try:
        yield
    finally:
        _actor.reset(token)


def with_context(_: Any, __: str, line: Line) -> Line:
    """Put correlation id and actor on a line that has none."""
    line.setdefault("correlation_id", PROCESS)
    if not line.get("actor"):
        source = _actor.get()
        line["actor"] = source() if source else NOBODY
    return line


def without_personal_data(_: Any, __: str, line: Line) -> Line:
    """Mask what is personal or secret in every value of a line, at any depth."""
    for key, value in line.items():
        line[key] = MASK if _hidden(key) and value else _clean(value)
    return line


def clean(text: str) -> str:
    """Return the text with everything masked that looks personal or secret."""
    for pattern, stead in _CUT:
        text = pattern.sub(stead, text)
    return _CARD.sub(lambda found: MASK if _is_card(found[0]) else found[0], text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: MASK if _hidden(str(key)) and item else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else clean(str(value))


def _hidden(key: str) -> bool:
    lowered = key.lower()
    return lowered in PERSONAL or any(word in lowered for word in SECRET_WORDS)


def _is_card(text: str) -> bool:
    """Tell whether the digits fulfill Luhn's check, as every card number does and one in ten other numbers."""
    digits = [int(each) for each in text if each.isdigit()][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0

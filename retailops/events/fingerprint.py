"""Name the cause of a failure, so that a thousand deliveries that failed alike are one piece of work."""

import hashlib
import re

# Changes whenever the template rules change: old and new fingerprints never mix.
CLASSIFIER_VERSION = 1

_RULES = (
    (re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|“[^”]*”|«[^»]*»"), "<value>"),
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "<email>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b"), "<date>"),
    (re.compile(r"[$€£¥]\s?\d[\d,.]*|\b\d[\d,]*(?:\.\d+)?\s?(?:USD|EUR|GBP|JPY|CHF|CAD|AUD|KWD)\b"), "<amount>"),
    # Vendors' ids: letters and digits mixed (re_3MtwBwLkdIwHu7ix, RMA-2026-000123, gid/1234).
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{6,}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<number>"),
    (re.compile(r"\s+"), " "),
)
LONGEST_TEMPLATE = 300


def template(message: str) -> str:
    """Return the message with quoted values, addresses, ids, dates, amounts and numbers taken out."""
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    return message.strip()[:LONGEST_TEMPLATE]


def fingerprint(*, destination: str, operation: str, failure_class: str, code: str, message: str) -> str:
    """Return 32 hex digits that name the cause: classifier version, place, operation, class, code and template."""
    parts = (str(CLASSIFIER_VERSION), destination, operation, failure_class, code, template(message))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]

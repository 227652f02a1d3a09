"""E-mail addresses and phone numbers in one spelling, so that two tellings of one of them are equal."""

# Country → (prefix, what a national number begins with and an international one leaves out).
_DIALED = {
    "AT": ("43", "0"), "AU": ("61", "0"), "BE": ("32", "0"), "CA": ("1", "1"), "CH": ("41", "0"), "DE": ("49", "0"),
    "DK": ("45", ""), "ES": ("34", ""), "FI": ("358", "0"), "FR": ("33", "0"), "GB": ("44", "0"), "IE": ("353", "0"),
    "IT": ("39", ""), "JP": ("81", "0"), "NL": ("31", "0"), "NO": ("47", ""), "NZ": ("64", "0"), "PL": ("48", ""),
    "PT": ("351", ""), "SE": ("46", "0"), "US": ("1", "1"),
}  # fmt: skip
_SHORTEST, _LONGEST = 8, 15


def email(text: str) -> str:
    """Return the address trimmed and without case. What stands after a plus is kept: it may be another mailbox."""
    return text.strip().casefold()


def phone(text: str, country: str) -> str:
    """Return the number as E.164 (`+447700900123`); "" where it cannot be told without guessing.

    A number without an international prefix is read by the country (ISO code) that the order went to.
    """
    digits = "".join(each for each in text if each in "0123456789")
    if text.strip().startswith("+"):
        return _whole(digits)
    if digits.startswith("00"):
        return _whole(digits[2:])
    if country not in _DIALED:
        return ""
    prefix, trunk = _DIALED[country]
    return _whole(prefix + digits.removeprefix(trunk))


def _whole(digits: str) -> str:
    return f"+{digits}" if _SHORTEST <= len(digits) <= _LONGEST else ""

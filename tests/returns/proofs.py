"""Prove every invariant over what a test made."""

from retailops.lib.audit import audits


def breaches(only: str = "") -> list[str]:
    """Return every breach that the audits find, as text."""
    return [
        f"{audit.name}: {breach.subject}: {breach.detail}"
        for audit in audits()
        if only in audit.name
        for breach in audit.run()
    ]


def prove() -> None:
    """Fail with the list of breaches, if there are any."""
    found = breaches()
    assert not found, "\n".join(found)

"""Commands behind forms: what is refused is told in the form."""

from collections.abc import Callable

from django import forms
from django.db import transaction

from retailops.lib.errors import DomainError


def tell(form: forms.Form, refusal: DomainError) -> None:
    """Tell a refusal in the form, each fault by itself. Denied and NotFound are raised again: they are no input."""
    if refusal.status in (403, 404):
        raise refusal
    for text in [fault.detail for fault in refusal.errors] or [refusal.detail]:
        form.add_error(None, text)


def accepted(form: forms.Form, command: Callable[[], object]) -> bool:
    """Run the command in a transaction of its own; a refusal is told in the form. Raises Denied and NotFound."""
    try:
        with transaction.atomic(durable=True):
            command()
    except DomainError as refusal:
        tell(form, refusal)
        return False
    return True

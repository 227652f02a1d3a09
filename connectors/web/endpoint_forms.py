"""Forms of webhook subscriptions: where events are sent, and which."""

from typing import Any

from django import forms

from connectors.models import WebhookEndpoint
from connectors.web.connection_form import CommaField
from connectors.web.schema_fields import DurationField, LinesField
from retailops.events.catalog import event_types
from retailops.lib.errors import DomainError

DAY = 86_400


def groups() -> list[str]:
    """Return the groups of event types, for the help: `return.*`, `refund.*` …"""
    return sorted({f"{declared.name.partition('.')[0]}.*" for declared in event_types()})


class EndpointForm(forms.Form):
    """An address and the event types that it gets."""

    url = forms.CharField(label="Address", max_length=500, help_text="It begins with https.")
    description = forms.CharField(max_length=200, required=False, help_text="Whose it is, what for.")
    types = LinesField(label="Event types", help_text="One a line: *, return.* or a type such as refund.succeeded.")
    regions = CommaField(required=False, help_text="Separated by commas; empty: every region.")
    brands = CommaField(required=False, help_text="Separated by commas; empty: every brand.")

    def __init__(self, data: Any = None, endpoint: WebhookEndpoint | None = None) -> None:
        names = ("url", "description", "types", "regions", "brands")
        super().__init__(data, initial={name: getattr(endpoint, name) for name in names} if endpoint else None)
        self.fields["types"].widget.attrs |= {"rows": 4, "spellcheck": "false"}

    def tell(self, refusal: DomainError) -> None:
        """Tell a refusal beside the field that it names. Denied and NotFound are raised again: they are no input."""
        if refusal.status in (403, 404):
            raise refusal
        for fault in refusal.errors:
            name = fault.pointer.strip("/").partition("/")[0]
            self.add_error(name if name in self.fields else None, fault.detail)
        if not refusal.errors:
            self.add_error(None, refusal.detail)


class RotateEndpointForm(forms.Form):
    """How long webhooks bear both signatures."""

    overlap = DurationField(
        label="Signed with the former secret, too, for", initial=DAY, required=False, help_text="0 ends it now."
    )


class DisableForm(forms.Form):
    """Why nothing is sent any more."""

    reason = forms.CharField(max_length=200, help_text="Shown on its page.")

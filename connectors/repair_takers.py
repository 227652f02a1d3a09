"""Who takes a wish for repair. No connector writes orders back, so it is customers' webhooks that want the type."""

from connectors.models import WebhookEndpoint
from connectors.routing import in_scope, patterns_of
from reconciliation.models import Discrepancy
from retailops.events.models import Event


def takes(found: Discrepancy) -> bool:
    """Tell whether a live webhook endpoint wants it, in the region and brand of the discrepancy."""
    wish = Event(type="discrepancy.repair_asked", region=found.region, brand=found.brand, channel=found.channel)
    live = WebhookEndpoint.objects.filter(
        types__overlap=list(patterns_of(wish)), disabled_at=None, destination__retired_at=None
    )
    return any(in_scope(wish, endpoint.regions, endpoint.brands) for endpoint in live)

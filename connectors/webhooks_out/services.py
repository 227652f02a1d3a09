"""Commands on customers' webhook endpoints. The secret is shown once, when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from connectors.access import access_endpoint
from connectors.addresses import private_allowed, refuse_private_literal
from connectors.credentials import OVERLAP, encrypt
from connectors.events import EndpointChanged, EndpointTested, about
from connectors.failures import ForbiddenAddress
from connectors.models import WebhookEndpoint
from connectors.services.checking import checked_limits, checked_scope, scope_list
from connectors.webhooks_out import disabling
from connectors.webhooks_out.signing import new_secret
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import event_types
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination, Event
from retailops.events.nudge import nudge_after_commit
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.ids import uuid7

MANAGE = Permission.CONNECTIONS_MANAGE
# A webhook endpoint takes many at once, needs no order after a dead letter, and dedupes by id.
LIMITS: dict[str, Any] = {
    "rate_per_second": 5000,
    "burst": 1000,
    "tokens": 1000,
    "max_in_flight": 256,
    "batch_size": 256,
    "dead_blocks_lane": False,
}


@dataclass(frozen=True)
class MadeEndpoint:
    """An endpoint and its new secret (`whsec_…`), which cannot be shown again."""

    endpoint: WebhookEndpoint
    secret: str


@transaction.atomic
def create_endpoint(
    *,
    actor: Actor,
    url: str,
    types: Sequence[str],
    description: str = "",
    regions: Sequence[str] = (),
    brands: Sequence[str] = (),
    limits: dict[str, Any] | None = None,
) -> MadeEndpoint:
    """Create an endpoint; from now on it gets the events whose types match (`*`, `return.*`, `refund.succeeded`).

    Raises Denied, Invalid (the address is not https or leads into a private network, a type is unknown).
    """
    require(actor, MANAGE, view=Permission.CONNECTIONS_VIEW)
    id, secret = uuid7(), new_secret()
    fields = LIMITS | checked_limits(limits or {})
    destination = Destination.objects.create(kind=DestinationKind.WEBHOOK, name=str(id), system="webhook", **fields)
    endpoint = WebhookEndpoint.objects.create(
        id=id,
        destination=destination,
        url=checked_url(url),
        description=description[:200],
        types=checked_types(types),
        regions=checked_scope("regions", regions),
        brands=checked_scope("brands", brands),
        secret=encrypt(secret),
        created_by=actor.key,
    )
    _publish(endpoint, actor, "created")
    return MadeEndpoint(endpoint, secret)


@transaction.atomic
def configure_endpoint(
    *,
    actor: Actor,
    endpoint_id: UUID,
    url: str | None = None,
    types: Sequence[str] | None = None,
    description: str | None = None,
    regions: Sequence[str] | None = None,
    brands: Sequence[str] | None = None,
) -> WebhookEndpoint:
    """Change what is given (None leaves it). Raises Denied, NotFound, Invalid."""
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    wanted = {
        "url": None if url is None else checked_url(url),
        "types": None if types is None else checked_types(types),
        "description": description,
        "regions": None if regions is None else checked_scope("regions", regions),
        "brands": None if brands is None else checked_scope("brands", brands),
    }
    fields = [name for name, value in wanted.items() if value is not None and getattr(endpoint, name) != value]
    for name in fields:
        setattr(endpoint, name, wanted[name])
    if fields:
        endpoint.save(update_fields=fields)
        _publish(endpoint, actor, "configured", fields=sorted(fields))
    return endpoint


@transaction.atomic
def rotate_endpoint_secret(*, actor: Actor, endpoint_id: UUID, overlap_seconds: int | None = None) -> MadeEndpoint:
    """Make a new secret; webhooks are signed by both until the overlap (default 24 h) is over. 0 ends the former now.

    Raises Denied, NotFound.
    """
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    overlap = OVERLAP if overlap_seconds is None else timedelta(seconds=overlap_seconds)
    secret = new_secret()
    endpoint.former_secret = endpoint.secret if overlap else None
    endpoint.former_until = now() + overlap if overlap else None
    endpoint.secret = encrypt(secret)
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    _publish(endpoint, actor, "secret_replaced")
    return MadeEndpoint(endpoint, secret)


@transaction.atomic
def disable_endpoint(*, actor: Actor, endpoint_id: UUID, reason: str) -> WebhookEndpoint:
    """Send nothing more; what is owed is held. Already disabled: nothing changes. Raises Denied, NotFound."""
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    if endpoint.disabled_at is None:
        disabling.disable(endpoint, actor=actor, words=reason)
    return endpoint


@transaction.atomic
def enable_endpoint(*, actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    """Send again, what was held first. Events of the time between were not kept for it. Raises Denied, NotFound."""
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    if endpoint.disabled_at is not None:
        endpoint.disabled_at, endpoint.disabled_reason = None, ""
        endpoint.save(update_fields=["disabled_at", "disabled_reason"])
        Destination.objects.filter(pk=endpoint.destination_id).update(paused_at=None, pause_reason="", paused_by="")
        _publish(endpoint, actor, "enabled")
        nudge_after_commit([endpoint.destination_id])
    return endpoint


@transaction.atomic
def retire_endpoint(*, actor: Actor, endpoint_id: UUID, reason: str = "") -> WebhookEndpoint:
    """Remove the endpoint for good; its history stays. Raises Denied, NotFound."""
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    Destination.objects.filter(pk=endpoint.destination_id).update(retired_at=now())
    _publish(endpoint, actor, "retired", words=reason)
    return endpoint


@transaction.atomic
def send_test(*, actor: Actor, endpoint_id: UUID) -> Event:
    """Owe this endpoint one `webhook_endpoint.tested` event, through the whole engine. Raises Denied, NotFound."""
    endpoint = access_endpoint(actor, endpoint_id, MANAGE, lock=True)
    return publish(EndpointTested(str(endpoint.id)), subject=about(endpoint), actor=actor)


def checked_url(url: str) -> str:
    """Return the address. Raises Invalid unless it is https (http where private destinations are allowed), public."""
    parts = urlsplit(url.strip())
    schemes = {"https", "http"} if private_allowed() else {"https"}
    fault = ""
    if parts.scheme not in schemes or not parts.hostname:
        fault = "It must be an https address."
    elif parts.username or parts.fragment:
        fault = "It must carry neither credentials nor a fragment."
    try:
        refuse_private_literal(url)
    except ForbiddenAddress as error:
        fault = error.message
    if fault:
        raise Invalid("The address cannot be used.", errors=[FieldError("/url", fault)])
    return url.strip()


def checked_types(types: Sequence[str]) -> list[str]:
    """Return the subscriptions without doubles. Raises Invalid for one that matches no event type, or for none."""
    known = {declared.name for declared in event_types()}
    groups = {f"{name.partition('.')[0]}.*" for name in known}
    wanted = scope_list(types)
    faults = [
        FieldError(f"/types/{place}", f"No event type is called '{name}'.")
        for place, name in enumerate(wanted)
        if name != "*" and name not in known | groups
    ]
    if faults or not wanted:
        raise Invalid("The types are not valid.", errors=faults or [FieldError("/types", "Name at least one.")])
    return wanted


def _publish(endpoint: WebhookEndpoint, actor: Actor, change: str, words: str = "", **more: Any) -> None:
    fact = EndpointChanged(str(endpoint.id), str(endpoint.destination_id), change, **more)
    publish(fact, subject=about(endpoint), actor=actor, words=words)

"""An endpoint that wants no more: disabled and held, so that nothing further is sent; a person may enable it again."""

from uuid import UUID

from connectors.events import EndpointChanged, about
from connectors.models import WebhookEndpoint
from retailops.accounts.actor import Actor
from retailops.events.models import Destination
from retailops.events.publish import publish
from retailops.lib.clock import now

REASON = "The endpoint answered 410 (gone)."
ENGINE = Actor.system("engine")


def gone(destination_id: UUID) -> None:
    """Disable the endpoint behind a destination and hold what is still owed to it. Already disabled: nothing changes.

    Called within the transaction that records the answer.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().get(destination_id=destination_id)
    if endpoint.disabled_at is None:
        disable(endpoint, actor=ENGINE, reason=REASON)


def disable(endpoint: WebhookEndpoint, *, actor: Actor, reason: str = "", words: str = "") -> None:
    """Disable a locked endpoint, hold its destination, publish: `reason` is told, what a person wrote (`words`) is
    kept beside."""
    why = words or reason
    endpoint.disabled_at, endpoint.disabled_reason = now(), why[:200]
    endpoint.save(update_fields=["disabled_at", "disabled_reason"])
    Destination.objects.filter(pk=endpoint.destination_id, paused_at=None).update(
        paused_at=now(), pause_reason=why[:300], paused_by=actor.key
    )
    publish(
        EndpointChanged(str(endpoint.id), str(endpoint.destination_id), "disabled", reason=reason),
        subject=about(endpoint),
        actor=actor,
        words=words,
    )

"""Who makes a request."""

from django.http import HttpRequest

from retailops.accounts.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Return the person as an actor (set by ActorMiddleware)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by ActorMiddleware
    return actor

"""Who makes a request of the workbench."""

from django.http import HttpRequest

from retailops.accounts.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Return the person as an actor."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by ActorMiddleware
    return actor

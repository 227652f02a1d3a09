"""Keep every denied attempt."""

from collections.abc import Callable

from retailops.accounts.actor import Actor
from retailops.accounts.models import DeniedAttempt


def denial_recorder(actor: Actor, method: str, path: str) -> Callable[[str], None]:
    """Return a function that stores one denied attempt with its detail; call it outside the refused transaction."""

    def record(detail: str) -> None:
        DeniedAttempt.objects.create(actor=actor.key, method=method, path=path[:500], detail=detail)

    return record

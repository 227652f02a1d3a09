"""Fire django-fsm transitions: a refused one becomes the one domain error."""

from collections.abc import Callable
from typing import Any

from django_fsm import TransitionNotAllowed

from retailops.lib.errors import Conflict


class TransitionRefused(Conflict):
    """The object's state does not allow the transition (HTTP 409)."""

    code, title = "transition-refused", "Not possible in the present state"


def fire(transition: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a bound transition method. It is pure: it changes fields and saves nothing.

    Raises TransitionRefused, naming the transition and the present state.
    """
    try:
        return transition(*args, **kwargs)
    except TransitionNotAllowed as refused:
        instance = refused.object
        verb = transition.__name__.replace("_", " ")
        name = instance._meta.verbose_name
        raise TransitionRefused(
            f"Cannot {verb}: the {name} is {instance.status}.", present=str(instance.status)
        ) from refused

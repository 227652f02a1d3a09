"""django-fsm's states: fields of them, and transitions, of which a refused one becomes the one domain error."""

from collections.abc import Callable, Sequence
from typing import Any

from django_fsm import FSMField, TransitionNotAllowed

from retailops.lib.errors import Conflict


class TransitionRefused(Conflict):
    """The object's state does not allow the transition (HTTP 409)."""

    code, title = "transition-refused", "Not possible in the present state"


class StateField(FSMField):
    """A state that only transitions change. To migrations it is the text column that it is.

    Their models know no transitions, and each that held such a field would be asked about every model that is put
    together after it: half the time of all migrations.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Describe the column for migrations."""
        name, _, args, options = super().deconstruct()
        options.pop("protected", None)
        return name, "django.db.models.CharField", args, options


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

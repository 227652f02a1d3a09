"""Who acted, as people know them: keys of actors (`user:<id>`, `connection:<name>`) turned into names."""

from connectors.models import Connection
from retailops.accounts.models import ApiClient, User
from retailops.lib.ids import parse_uuid
from retailops.workbench.words import plain


class Names:
    """Looks each key up once; one instance serves one request."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, key: str) -> str:
        """Return the actor's name; a key that is not understood is shown as it is."""
        if key not in self._known:
            self._known[key] = _look_up(key)
        return self._known[key]


def _look_up(key: str) -> str:
    kind, _, rest = key.partition(":")
    id = parse_uuid(rest)
    if kind == "connection":
        return Connection.objects.filter(name=rest).values_list("label", flat=True).first() or plain(rest)
    if kind == "user" and id:
        return User.objects.filter(pk=id).values_list("name", flat=True).first() or "somebody who is gone"
    if kind == "api_client" and id:
        return ApiClient.objects.filter(pk=id).values_list("name", flat=True).first() or "a system that is gone"
    if kind == "unproven":
        return f"Not proven: {_look_up(f'connection:{rest}')}"
    return plain(rest) if kind in {"system", "policy"} and rest else key

"""Embedded servers for one management command, when nothing runs them yet.

`manage.py audit` in a terminal beside `make run` uses the servers of that run; alone, it gets them for its duration.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from retailops.runtime.embedded import Needed, servers_running
from retailops.runtime.state import AlreadyRunning, UpState, holding_servers

WITHOUT_SERVERS = frozenset({
    "", "help", "version", "up", "check", "collectstatic", "findstatic", "diffsettings", "spectacular", "asyncapi",
    "startapp", "sandbox", "compilemessages", "makemessages",
})  # fmt: skip


@contextlib.contextmanager
def servers_for(argv: Sequence[str]) -> Iterator[None]:
    """Run the block with the servers that the command needs: those already up, else embedded ones just for it."""
    name = argv[1] if len(argv) > 1 else ""
    asks_only = {"-h", "--help", "--version"} & set(argv)
    if name in WITHOUT_SERVERS or asks_only or not Needed.by(os.environ).any() or not _has_embedded():
        yield
        return
    with contextlib.ExitStack() as stack:
        _borrow(stack, name)
        yield


def _has_embedded() -> bool:
    try:
        return not settings.PRODUCTION
    except ImproperlyConfigured:
        return False  # Django itself reports it better, a moment later


def _borrow(stack: contextlib.ExitStack, name: str) -> None:
    servers = settings.EMBEDDED
    try:
        stack.enter_context(holding_servers(servers))
    except AlreadyRunning:
        return
    earlier = UpState.read(servers)
    earlier.stop_leftovers()
    state = UpState(os.getpid(), name, earlier.environment)

    def remember(pids: dict[int, float]) -> None:
        state.children = pids
        state.write(servers)

    remember({})
    try:
        stack.enter_context(servers_running(servers, changed=remember))
    except (RuntimeError, PermissionError) as error:
        sys.exit(f"{error} Or set DATABASE_URL to a PostgreSQL of your own.")

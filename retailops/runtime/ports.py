"""Free TCP ports for the web and the sandbox."""

import errno
import socket

TRIES = 50


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. Raises OSError for any other obstacle than a taken port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
        return True


def choose(host: str, *preferred: int) -> int:
    """Return the first preferred port that is free, else the next free one after the last of them.

    Raises RuntimeError when none of the next 50 is free.
    """
    candidates: list[int] = [*preferred, *range(preferred[-1] + 1, preferred[-1] + TRIES)]
    for port in candidates:
        if port and is_free(host, port):
            return port
    raise RuntimeError(f"No free port between {preferred[-1]} and {preferred[-1] + TRIES - 1} on {host}.")

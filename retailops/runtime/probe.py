"""`python retailops/runtime/probe.py`: exit 0 when the web of this host answers; for a container's health check.

Standard library only, because it runs every few seconds.
"""

import http.client
import os
import sys


def answers(port: int, host_header: str, address: str = "127.0.0.1") -> bool:
    """Whether GET /healthz at the address answers 200 to a request for that host."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host_header})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def allowed_host(setting: str) -> str:
    """Return a host name that ALLOWED_HOSTS lets in."""
    first = setting.split(",")[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "localhost"


if __name__ == "__main__":
    port = int(os.environ.get("GRANIAN_PORT", "8000"))
    sys.exit(0 if answers(port, allowed_host(os.environ.get("ALLOWED_HOSTS", ""))) else 1)

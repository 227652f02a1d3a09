"""Read settings from environment variables; say which one is missing where it is required."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class EmbeddedServers:
    """Where the embedded PostgreSQL and Redis of one data directory listen: unix sockets, so no port can be taken.

    A socket path is limited to about 100 bytes, so the sockets live in a short folder named after the data directory.
    """

    data_dir: Path

    @property
    def digest(self) -> str:
        """Twelve hex digits that tell this data directory from every other one of the machine."""
        return hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]

    @property
    def socket_dir(self) -> Path:
        """Folder of both sockets. It does not follow TMPDIR: another terminal must find the same one."""
        root = Path("/tmp")  # noqa: S108 - the folder below is 0700 and its owner is checked before use
        return (root if root.is_dir() else Path(tempfile.gettempdir())) / f"retailops-{self.digest}"

    @property
    def state_file(self) -> Path:
        """Written by `manage.py up`: its process id, its children, and the settings that it passed on to them."""
        return self.data_dir / "up.json"

    def database_url(self) -> str:
        """URL of the embedded PostgreSQL (role and database `retailops`)."""
        return f"postgresql://retailops@/retailops?host={self.socket_dir}"

    def redis_url(self) -> str:
        """URL of the embedded Redis."""
        return f"unix://{self.socket_dir}/redis.sock?db=0"

    def remembered(self) -> Mapping[str, str]:
        """Variables that the last `manage.py up` gave its children, so that a command in another terminal agrees."""
        try:
            state = json.loads(self.state_file.read_text())
        except (FileNotFoundError, PermissionError, json.JSONDecodeError):
            return {}
        return dict(state.get("environment", {}))


def data_dir(base_dir: Path, *, testing: bool) -> Path:
    """Folder of everything that is kept outside PostgreSQL: `var` of the clone unless RETAILOPS_DATA_DIR names another.

    A test run gets a folder of its own, exported so that the processes it starts (pytest-xdist's workers) share it.
    """
    if testing:
        run = Path(tempfile.gettempdir()) / f"retailops-test-{os.getuid()}-{os.getpid()}"
        os.environ.setdefault("RETAILOPS_DATA_DIR", str(run))
    return Path(os.environ.get("RETAILOPS_DATA_DIR", base_dir / "var"))


def required(name: str, *, production: bool, fallback: str) -> str:
    """Return the variable's value; outside production an unset one takes the fallback.

    Raises ImproperlyConfigured, naming the variable, when production lacks it.
    """
    value = os.environ.get(name, "")
    if value:
        return value
    if production:
        raise ImproperlyConfigured(f"{name} is not set. Production needs it: set the environment variable {name}.")
    return fallback


def url_or_embedded(name: str, embedded: Callable[[], str], *, production: bool) -> str:
    """Return the server URL named by the variable, else the embedded server's; production has no embedded servers."""
    return required(name, production=production, fallback=embedded())


def celery_url(url: str) -> str:
    """Say a Redis unix-socket URL (`unix:///path?db=0`) as Celery's transport spells it; other URLs are unchanged."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    db = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={db}"

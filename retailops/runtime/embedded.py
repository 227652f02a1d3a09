"""Start the embedded servers that the environment does not replace by real ones."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from retailops.lib.environment import EmbeddedServers
from retailops.runtime.postgres_server import PostgresServer
from retailops.runtime.redis_server import RedisServer
from retailops.runtime.server_user import choose
from retailops.runtime.supervisor import Child, Supervisor


@dataclass(frozen=True)
class Needed:
    """Which embedded servers this environment needs."""

    postgres: bool
    redis: bool

    @classmethod
    def by(cls, environment: Mapping[str, str]) -> "Needed":
        """DATABASE_URL replaces PostgreSQL; REDIS_URL replaces Redis (a BROKER_URL alone leaves the cache to it)."""
        return cls(not environment.get("DATABASE_URL"), not environment.get("REDIS_URL"))

    def any(self) -> bool:
        """Whether at least one is needed."""
        return self.postgres or self.redis


def start_servers(supervisor: Supervisor, servers: EmbeddedServers, *, throwaway: bool = False) -> None:
    """Start what is needed under the supervisor and wait until it answers. Raises RuntimeError when it does not."""
    needed = Needed.by(os.environ)
    if not needed.any():
        return
    user = choose(servers.data_dir / "postgres")
    started: list[tuple[str, Child, Callable[[Callable[[], bool]], None]]] = []
    if needed.postgres:
        postgres = PostgresServer(servers, throwaway, supervisor.say)
        user = postgres.user
        postgres.prepare()
        child = supervisor.start(Child("PostgreSQL", postgres.spawn, postgres.stop))
        started.append((f"PostgreSQL (embedded, as {postgres.user.name})", child, postgres.wait_ready))
    if needed.redis:
        redis = RedisServer(servers, user)
        redis.prepare()
        child = supervisor.start(Child("Redis", redis.spawn))
        started.append(("Redis (embedded)", child, redis.wait_ready))
    for label, child, wait_ready in started:
        wait_ready(child.alive)
        supervisor.say(f"{label} is up")


@contextlib.contextmanager
def servers_running(
    servers: EmbeddedServers,
    *,
    throwaway: bool = False,
    say: Callable[[str], None] = lambda line: None,
    changed: Callable[[dict[int, float]], None] = lambda pids: None,
) -> Iterator[None]:
    """Run the embedded servers for the duration of the block and stop them afterwards, whatever happens in it."""
    supervisor = Supervisor(say, changed)
    try:
        start_servers(supervisor, servers, throwaway=throwaway)
        yield
    finally:
        supervisor.stop()

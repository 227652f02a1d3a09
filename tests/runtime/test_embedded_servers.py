"""The embedded PostgreSQL and Redis, really started, in data directories of their own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import redis

from retailops.lib.environment import EmbeddedServers
from retailops.runtime.embedded import Needed, servers_running
from retailops.runtime.postgres_server import PostgresServer
from tests.runtime.processes import is_running, wait_until

AS_ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def _no_real_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def servers() -> Iterator[EmbeddedServers]:
    """A data directory that everybody can enter, as a clone usually is."""
    folder = Path(tempfile.mkdtemp(prefix="retailops-embedded-"))
    folder.chmod(0o755)
    yield from _cleaned(EmbeddedServers(folder / "var"))
    shutil.rmtree(folder)


@pytest.fixture
def private_servers() -> Iterator[EmbeddedServers]:
    """A data directory that only its owner can enter, as a clone in root's home is."""
    folder = Path(tempfile.mkdtemp(prefix="retailops-private-"))
    yield from _cleaned(EmbeddedServers(folder / "var"))
    shutil.rmtree(folder)


def _cleaned(servers: EmbeddedServers) -> Iterator[EmbeddedServers]:
    yield servers
    shutil.rmtree(servers.socket_dir, ignore_errors=True)
    shutil.rmtree(Path("/var/lib") / f"retailops-{servers.digest}", ignore_errors=True)


def do(servers: EmbeddedServers, statement: LiteralString) -> None:
    """Run one statement and commit it."""
    with psycopg.connect(servers.database_url()) as connection:
        connection.execute(statement)


def ask(servers: EmbeddedServers, query: LiteralString) -> str:
    """Return the first column of the first row."""
    with psycopg.connect(servers.database_url()) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def postmaster(servers: EmbeddedServers) -> int:
    """Return the server's process id."""
    return int((servers.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_data_survives_a_stop_and_a_start(servers: EmbeddedServers) -> None:
    with servers_running(servers):
        do(servers, "create table kept as select 41 + 1 as answer")
        pid = postmaster(servers)

    assert not is_running(pid)
    with servers_running(servers):
        assert ask(servers, "select answer from kept") == "42"


def test_it_is_version_18_durable_in_utf8_and_on_no_network(servers: EmbeddedServers) -> None:
    with servers_running(servers):
        assert ask(servers, "show server_version").startswith("18.")
        assert ask(servers, "show fsync") == "on"
        assert ask(servers, "show synchronous_commit") == "on"
        assert ask(servers, "show server_encoding") == "UTF8"
        assert ask(servers, "select upper('é')") == "É"
        assert ask(servers, "show listen_addresses") == ""
        assert ask(servers, "select rolsuper from pg_roles where rolname = current_user") == "False"


def test_a_throwaway_server_trades_durability_for_speed(servers: EmbeddedServers) -> None:
    with servers_running(servers, throwaway=True):
        assert ask(servers, "show fsync") == "off"


@pytest.mark.skipif(not AS_ROOT, reason="only root has to hand PostgreSQL to another account")
def test_root_hands_it_to_another_account_that_alone_can_read_it(servers: EmbeddedServers) -> None:
    with servers_running(servers):
        data = servers.data_dir / "postgres"
        assert Path(f"/proc/{postmaster(servers)}").stat().st_uid == data.stat().st_uid != 0
        assert data.stat().st_mode & 0o077 == 0
        assert servers.socket_dir.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not AS_ROOT, reason="a plain user can always enter its own folder")
def test_a_clone_that_only_root_can_enter_keeps_its_data_outside_and_says_so(private_servers: EmbeddedServers) -> None:
    said: list[str] = []
    with servers_running(private_servers, say=said.append):
        do(private_servers, "create table kept as select 7 as answer")
    with servers_running(private_servers):
        assert ask(private_servers, "select answer from kept") == "7"

    outside = Path("/var/lib") / f"retailops-{private_servers.digest}"
    assert f"Its data is kept in {outside} instead." in said
    assert (outside / "postgres" / "PG_VERSION").exists()


def test_redis_answers_on_its_socket_and_keeps_nothing(servers: EmbeddedServers) -> None:
    with servers_running(servers), redis.Redis.from_url(servers.redis_url()) as client:
        client.set("nudge", "1")
        assert client.config_get("save") == {"save": ""}

    with servers_running(servers), redis.Redis.from_url(servers.redis_url()) as client:
        assert client.get("nudge") is None


def test_a_server_that_outlived_its_starter_is_replaced(servers: EmbeddedServers) -> None:
    first = PostgresServer(servers)
    first.prepare()
    orphan = first.spawn()
    first.wait_ready(lambda: orphan.poll() is None)

    with servers_running(servers):
        wait_until(lambda: orphan.poll() is not None)
        assert postmaster(servers) != orphan.pid


def test_another_version_is_refused_in_one_sentence(servers: EmbeddedServers) -> None:
    data = servers.data_dir / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")

    with pytest.raises(RuntimeError, match="was made by PostgreSQL 16; this is 18"), servers_running(servers):
        pytest.fail("it started on foreign data")


@pytest.mark.parametrize(
    ("environment", "needed"),
    [
        ({}, Needed(postgres=True, redis=True)),
        ({"DATABASE_URL": "postgresql://db.example/x"}, Needed(postgres=False, redis=True)),
        ({"REDIS_URL": "redis://cache.example"}, Needed(postgres=True, redis=False)),
        ({"BROKER_URL": "amqp://mq.example"}, Needed(postgres=True, redis=True)),
    ],
)
def test_a_named_server_replaces_the_embedded_one(environment: dict[str, str], needed: Needed) -> None:
    assert Needed.by(environment) == needed

"""Settings from the environment, read in processes of their own as production would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from retailops.lib.environment import EmbeddedServers, celery_url

PRODUCTION = {
    "RETAILOPS_ENV": "production",
    "SECRET_KEY": "s" * 64,
    "ALLOWED_HOSTS": "returns.example",
    "CREDENTIAL_KEYS": "ZGV2ZWxvcG1lbnQtb25seS1jcmVkZW50aWFsLWtleSE=",
    "DATABASE_URL": "postgresql://app@db.example/retailops",
    "REDIS_URL": "redis://cache.example/0",
}


def load_settings(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings in a process with this environment only."""
    code = "import json; from retailops import settings as s; print(json.dumps([s.BROKER_URL, s.CELERY_BROKER_URL]))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "CREDENTIAL_KEYS", "DATABASE_URL", "REDIS_URL"])
def test_production_refuses_to_start_and_names_the_missing_variable(missing: str) -> None:
    result = load_settings(**{name: value for name, value in PRODUCTION.items() if name != missing})

    assert result.returncode != 0
    assert f"{missing} is not set" in result.stderr


def test_production_starts_with_all_of_them_and_takes_redis_as_broker() -> None:
    result = load_settings(**PRODUCTION)

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == ["redis://cache.example/0", "redis://cache.example/0"]


def test_broker_url_replaces_redis_for_nudges_only() -> None:
    result = load_settings(**PRODUCTION, BROKER_URL="amqp://mq.example//")

    assert json.loads(result.stdout) == ["amqp://mq.example//", "amqp://mq.example//"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("unix:///tmp/x/redis.sock?db=3", "redis+socket:///tmp/x/redis.sock?virtual_host=3"),
        ("unix:///tmp/x/redis.sock", "redis+socket:///tmp/x/redis.sock?virtual_host=0"),
        ("redis://cache.example:6379/2", "redis://cache.example:6379/2"),
        ("amqp://mq.example//", "amqp://mq.example//"),
    ],
)
def test_celery_is_told_of_a_unix_socket_in_its_own_words(url: str, said: str) -> None:
    assert celery_url(url) == said


def test_sockets_stay_short_however_deep_the_data_lies() -> None:
    servers = EmbeddedServers(Path("/srv") / ("deep/" * 60))

    longest = max(str(servers.socket_dir / name) for name in (".s.PGSQL.5432", "redis.sock"))
    assert len(longest.encode()) < 60


def test_two_data_directories_never_share_sockets(tmp_path: Path) -> None:
    assert EmbeddedServers(tmp_path / "a").socket_dir != EmbeddedServers(tmp_path / "b").socket_dir


def test_nothing_is_remembered_where_nothing_ran(tmp_path: Path) -> None:
    assert EmbeddedServers(tmp_path).remembered() == {}


def test_a_broken_state_file_is_taken_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "up.json").write_text("{half of")

    assert EmbeddedServers(tmp_path).remembered() == {}

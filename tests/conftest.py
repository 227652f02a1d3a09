"""What all tests share: real servers, a database from the template, no way to the outside, plain reasons for skips."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from pytest_socket import socket_allow_hosts

from retailops.runtime.embedded import Needed, servers_running
from retailops.sla.book import forget as forget_promises
from tests import database_template, leftovers

pytest_plugins = ["tests.connectors.sandbox_server", "tests.grouping"]

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
SERVERS = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --screenshots."""
    parser.addoption("--screenshots", metavar="FOLDER", help="save pictures of the workbench's pages there")


def pytest_configure(config: pytest.Config) -> None:
    """Start throw-away servers once, in the process that the workers inherit their environment from."""
    if hasattr(config, "workerinput") or config.option.collectonly or not Needed.by(os.environ).any():
        return
    leftovers.clear()
    stack = config.stash[SERVERS] = ExitStack()
    stack.callback(shutil.rmtree, settings.EMBEDDED.socket_dir, ignore_errors=True)
    stack.callback(shutil.rmtree, settings.DATA_DIR, ignore_errors=True)
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    settings.DATA_DIR.chmod(0o755)  # under root, another account runs PostgreSQL and must get in
    stack.enter_context(servers_running(settings.EMBEDDED, throwaway=True))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what pytest_configure started."""
    if SERVERS in config.stash:
        config.stash[SERVERS].close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Allow loopback and unix sockets only; skip what this machine cannot run, but fail it in CI."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    if item.get_closest_marker("browser") and not chromium():
        _unavailable("no Chromium here: install the package `chromium`, or run `make test` as root")
    if item.get_closest_marker("contract") and not settings.SHARED_DIR.is_dir():
        _unavailable(f"the shared folder {settings.SHARED_DIR} is not here: set SHARED_DIR")


def _unavailable(reason: str) -> None:
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def chromium() -> str:
    """Return the path of the system's Chromium, or nothing."""
    named = os.environ.get("CHROMIUM", "")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the system's Chromium; mark the test `browser`, so that it is skipped where there is none."""
    return chromium()


@pytest.fixture(scope="session")
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    """Folder for pictures of pages where --screenshots names one (`make screenshots`)."""
    named = request.config.getoption("--screenshots")
    if not named:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder of the vendors' contracts and real data; mark the test `contract`, so that it is skipped without it."""
    if not settings.SHARED_DIR.is_dir():
        _unavailable(f"the shared folder {settings.SHARED_DIR} is not here: set SHARED_DIR")
    return Path(settings.SHARED_DIR)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process a database made from the template; migrations run once for all processes and all runs."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    with (
        django_db_blocker.unblock(),
        database_template.database_from_template(worker),
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(TransactionTestCase, "_fixture_teardown", lambda case: database_template.restore_database())
        yield


@pytest.fixture(autouse=True)
def _promises() -> None:
    """Read the promises in force anew: those of the test before are gone with its transaction."""
    forget_promises()


@pytest.fixture(scope="session", autouse=True)
def _redis_keys() -> Iterator[None]:
    """Remove this process's keys (they all begin with its prefix) when it is done."""
    yield
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter(f"{settings.REDIS_PREFIX}*"):
            client.delete(key)


@pytest.fixture
def server_environment(transactional_db: None) -> Mapping[str, str]:
    """Environment for processes that a test starts: they see this test's database and its part of Redis."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    return {
        **inherited,
        "RETAILOPS_ENV": "test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_PREFIX": settings.REDIS_PREFIX,
        "RETAILOPS_DATA_DIR": str(settings.DATA_DIR),
    }


def database_url() -> str:
    """Return the URL of this process's test database."""
    parts = connection.get_connection_params()
    keep = {k: v for k, v in parts.items() if k in {"user", "password", "host", "port"} and v}
    return f"postgresql:///{quote(str(parts['dbname']))}?{urlencode(keep)}"

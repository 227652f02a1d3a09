"""Is this installation able to work? Asked by load balancers (`/readyz`) and by people."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from kombu import Connection
from kombu.exceptions import OperationalError

from retailops.events.models import Heartbeat
from retailops.events.sweeps import ENGINE_HEARTBEAT
from retailops.lib.clock import now

OK, DEGRADED, FAILED = "ok", "degraded", "failed"
# Sweeps come every few seconds; a minute and a half without any means that nobody looks after what nudges missed.
PUMP_MAX_AGE = timedelta(seconds=90)
BROKER_TIMEOUT = 1  # second


@dataclass(frozen=True)
class Check:
    """One finding; `detail` says what is wrong, or how well it is."""

    name: str
    status: str
    detail: str
    milliseconds: float


def check_all() -> list[Check]:
    """Return every check. The database decides; the others only degrade, because work goes on without them."""
    database = _timed("database", _database)
    checks = [database, _timed("broker", _broker), _timed("cache", _cache)]
    if database.status == OK:
        checks.append(_timed("engine", _engine))
    return checks


def overall(checks: list[Check]) -> str:
    """Return the worst status of all."""
    statuses = {check.status for check in checks}
    return next(status for status in (FAILED, DEGRADED, OK) if status in statuses)


def as_json(checks: list[Check]) -> dict[str, Any]:
    """Shape of `/readyz`: overall status, and for each check its status, detail and milliseconds."""
    return {
        "status": overall(checks),
        "checks": {
            check.name: {"status": check.status, "detail": check.detail, "milliseconds": round(check.milliseconds, 1)}
            for check in checks
        },
    }


def _timed(name: str, probe: Callable[[], tuple[str, str]]) -> Check:
    began = time.perf_counter()
    status, detail = probe()
    return Check(name, status, detail, (time.perf_counter() - began) * 1000)


def _database() -> tuple[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError as error:
        return FAILED, f"PostgreSQL does not answer ({type(error).__name__})"
    return OK, "answers"


def _broker() -> tuple[str, str]:
    """The broker carries nudges only: commands go on without it, and deliveries wait until it is back."""
    quick = {"socket_connect_timeout": BROKER_TIMEOUT, "socket_timeout": BROKER_TIMEOUT}
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_TIMEOUT, transport_options=quick) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_TIMEOUT)
    except OperationalError:
        return DEGRADED, "the broker does not answer; deliveries wait for it, or for `manage.py pump`"
    return OK, "answers"


def _cache() -> tuple[str, str]:
    """The cache holds nothing that matters, but rate limits live in it."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=BROKER_TIMEOUT, socket_connect_timeout=1
        ) as client:
            client.ping()
    except redis.RedisError:
        return DEGRADED, "Redis does not answer"
    return OK, "answers"


def _engine() -> tuple[str, str]:
    """Liveness of the workers is "worked recently", not "the process is up": a reconnected worker can be deaf."""
    latest = Heartbeat.objects.filter(name=ENGINE_HEARTBEAT).first()
    if latest is None:
        return DEGRADED, "no sweep was ever recorded: start beat and a maintenance worker, or run `manage.py pump`"
    age = now() - latest.at
    if age > PUMP_MAX_AGE:
        return DEGRADED, f"the last sweep was {age.total_seconds():.0f} s ago: see beat and the workers"
    return OK, f"swept {age.total_seconds():.0f} s ago"

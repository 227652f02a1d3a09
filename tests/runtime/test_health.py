"""Liveness, readiness and figures."""

from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from retailops.events.models import Destination, Heartbeat
from retailops.lib.clock import now
from retailops.runtime import health

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def test_liveness_touches_no_server(client: Client) -> None:
    with mock.patch.object(health, "connection", SimpleNamespace()):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_while_everything_answers_and_sweeps_come(client: Client) -> None:
    Heartbeat.objects.create(name="sweep", at=now())

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == {"database", "broker", "cache", "engine"}


@pytest.mark.django_db
def test_without_the_broker_it_is_degraded_and_goes_on(client: Client, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = NOBODY_LISTENS
    Heartbeat.objects.create(name="sweep", at=now())

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["broker"]["detail"].startswith("the broker does not answer")
    assert answer.json()["checks"]["database"]["status"] == "ok"


@pytest.mark.django_db
def test_an_old_sweep_is_told_with_its_age(client: Client) -> None:
    Heartbeat.objects.create(name="sweep", at=now() - timedelta(minutes=5))

    engine = client.get("/readyz").json()["checks"]["engine"]

    assert engine["status"] == "degraded"
    assert "the last sweep was 300 s ago" in engine["detail"]


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready(client: Client) -> None:
    away = mock.Mock(cursor=mock.Mock(side_effect=OperationalError("no route")))
    with mock.patch.object(health, "connection", away):
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "failed"
    assert answer.json()["checks"]["database"]["detail"] == "PostgreSQL does not answer (OperationalError)"
    assert "no route" not in answer.content.decode()


@pytest.mark.django_db
def test_metrics_tell_circuits_pauses_cases_and_sweeps(client: Client) -> None:
    Destination.objects.create(kind="connection", name="stripe", system="stripe", circuit="open", paused_at=now())
    Destination.objects.create(kind="connection", name="old", system="stripe", retired_at=now())
    Heartbeat.objects.create(name="sweep", at=now() - timedelta(seconds=7))

    answer = client.get("/metrics")

    lines = answer.content.decode().splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'retailops_circuit{destination="stripe"} 2.0' in lines
    assert 'retailops_paused{destination="stripe"} 1.0' in lines
    assert not [line for line in lines if 'destination="old"' in line]
    age = next(line for line in lines if line.startswith('retailops_heartbeat_age_seconds{name="sweep"}'))
    assert 7 <= float(age.rpartition(" ")[2]) < 60


@pytest.mark.django_db
def test_metrics_ask_for_the_token_where_one_is_set(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "scrape-me"

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405

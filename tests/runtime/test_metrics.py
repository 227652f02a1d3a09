"""What Prometheus reads, and that alert rules and the Grafana dashboard name nothing else."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from connectors.models import Connection, InboxMessage
from retailops.events.models import Attempt, Heartbeat
from retailops.lib.clock import now
from retailops.runtime.metrics import exposition
from retailops.sla.models import SlaClock
from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
GRAFANA = json.loads((DEPLOY / "grafana" / "retailops.json").read_text())
NAME = re.compile(r"\bretailops_\w+")


def samples(client: Client) -> list[str]:
    return client.get("/metrics").content.decode().splitlines()


def families() -> set[str]:
    return {line.split()[2] for line in exposition().decode().splitlines() if line.startswith("# TYPE")}


def labels_of(name: str, lines: list[str]) -> set[str]:
    found = next(line for line in lines if line.startswith(f"{name}{{"))
    return set(re.findall(r'(\w+)="', found))


def rules() -> Iterator[dict[str, Any]]:
    yield from (rule for group in ALERTS["groups"] for rule in group["rules"])


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in GRAFANA["panels"] for target in panel["targets"])


def test_attempts_are_told_as_rates_and_latencies(client: Client) -> None:
    connection = world.stripe()
    rma = world.received()
    delivery = world.stopped(rma, connection)
    Attempt.objects.create(
        delivery=delivery,
        attempt_no=2,
        fence=2,
        trigger="auto",
        outcome="delivered",
        started_at=now(),
        duration_ms=2500,
    )
    lines = samples(client)
    rate = f"{1 / 300}"
    assert f'retailops_attempts_per_second{{destination="stripe",outcome="delivered"}} {rate}' in lines
    assert f'retailops_attempts_per_second{{destination="stripe",outcome="business"}} {rate}' in lines
    assert 'retailops_attempt_seconds{destination="stripe",quantile="0.5"} 0.12' in lines
    assert 'retailops_attempt_seconds{destination="stripe",quantile="0.95"} 2.5' in lines


def test_clocks_and_inbox_are_told(client: Client) -> None:
    rma, other = world.requested(), world.requested()
    SlaClock.objects.filter(subject_id=rma.id, name="refund_cycle").update(breached_at=now())
    SlaClock.objects.filter(subject_id=other.id, name="refund_cycle").update(due_at=now() + timedelta(minutes=9))
    connection = world.stripe()
    InboxMessage.objects.create(connection=connection, kind="webhook", message_id="m1", body=b"{}", body_hash="x")
    InboxMessage.objects.create(
        connection=connection, kind="webhook", message_id="m2", body=b"{}", body_hash="y", status="done"
    )
    lines = samples(client)
    assert 'retailops_sla_clocks{promise="refund_cycle",state="late"} 1.0' in lines
    assert 'retailops_sla_clocks{promise="refund_cycle",state="in_time"} 1.0' in lines
    assert 'retailops_sla_due_soon{promise="refund_cycle"} 1.0' in lines
    assert 'retailops_inbox_messages{connection="stripe",status="pending"} 1.0' in lines
    assert not [line for line in lines if 'status="done"' in line]


def test_alerts_and_panels_name_metrics_and_labels_that_exist(client: Client) -> None:
    histories.history()
    InboxMessage.objects.create(
        connection=Connection.objects.get(), kind="webhook", message_id="m1", body=b"{}", body_hash="x"
    )
    Heartbeat.objects.create(name="sweep")
    known, lines = families(), samples(client)
    for text in expressions():
        for name in NAME.findall(text):
            assert name in known, text
        for name, narrowed in re.findall(r"(retailops_\w+)\{([^}]*)\}", text):
            assert set(re.findall(r"(\w+)\s*(?:=|!=|=~)", narrowed)) <= labels_of(name, lines), text
        for grouped in re.findall(r"by \(([^)]*)\)", text):
            name = NAME.findall(text)[0]
            assert {each.strip() for each in grouped.split(",")} <= labels_of(name, lines), text
    assert {name for text in expressions() for name in NAME.findall(text)} == known


def test_every_alert_says_what_it_means_and_how_urgent_it_is() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


def test_panels_do_not_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in GRAFANA["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells

"""A real Celery worker does a bulk operation and is killed between two of its items: nothing is lost or done twice."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import connection

from retailops.cases.models import CaseNote
from retailops.celery import app
from retailops.lib.environment import celery_url
from retailops.replays.case_commands import NOTE
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.services import do_to_many
from retailops.runtime import children, processes
from tests.cases.making import opened
from tests.runtime.processes import wait_until
from tests.runtime.test_workers import Broker, broker  # noqa: F401  # a fixture
from tests.workbench.world import person

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
COUNT, SLOW = 400, 200.0


@pytest.fixture
def started(
    broker: Broker,  # noqa: F811
    server_environment: Mapping[str, str],
    tmp_path: Path,
) -> Iterator[Callable[[str], int]]:
    """Starts a worker of the queue that bulk operations are in, under a name; returns its process id."""
    environment = {**server_environment, "REDIS_URL": broker.url}
    with ExitStack() as stack:

        def start(name: str) -> int:
            log = tmp_path / f"{name}.log"
            process = children.spawn(processes.worker("deliveries"), log=log, env=environment, cwd=Path.cwd())
            stack.callback(process.wait, timeout=30)
            stack.callback(children.stop, process.pid)
            wait_until(lambda: "ready." in log.read_text(), seconds=SLOW)
            return process.pid

        yield start


def nudge(broker: Broker, id: UUID) -> None:  # noqa: F811
    with app.connection_for_write(celery_url(broker.url)) as there:
        app.send_task("bulk.work", args=[str(id)], queue="deliveries", connection=there)


def done(id: UUID) -> int:
    connection.close()
    return BulkItem.objects.filter(operation=id, result="done").count()


def test_a_killed_worker_loses_and_repeats_nothing(
    broker: Broker,  # noqa: F811
    started: Callable[[str], int],
    settings: LazySettings,
) -> None:
    settings.NUDGE_WORKERS = False
    me = person("ops_lead")
    ids = [opened("GB").id for _ in range(COUNT)]
    operation = do_to_many(me.actor(), NOTE, Selection(ids=ids), "tell them", {"text": "the gateway is back"})
    first = started("first")
    nudge(broker, operation.id)
    wait_until(lambda: done(operation.id) > COUNT // 20, seconds=SLOW)
    children.kill_group(first)
    left = COUNT - done(operation.id)
    assert left > 0, "it was over before the worker died"
    started("second")
    nudge(broker, operation.id)
    wait_until(lambda: done(operation.id) == COUNT, seconds=SLOW)
    wait_until(lambda: BulkOperation.objects.get(pk=operation.id).status == "finished", seconds=SLOW)
    noted = Counter(CaseNote.objects.filter(kind="note", case__in=ids).values_list("case_id", flat=True))
    assert noted == Counter(dict.fromkeys(ids, 1))
    assert set(CaseNote.objects.filter(kind="note").values_list("actor", flat=True)) == {me.actor().key}

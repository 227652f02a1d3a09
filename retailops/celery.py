"""The Celery application. Its messages carry ids and mean "look now": PostgreSQL holds all work."""

import functools
import os
from contextlib import ExitStack
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_process_init, worker_ready
from celery.worker.consumer import Consumer
from kombu.transport.redis import Channel

from retailops.lib import tracing
from retailops.lib.log_lines import acting
from retailops.lib.memory import settle_in

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")

RECONNECT_SECONDS = 1

# What a worker has taken and not begun is not given back when it loses its broker: that fails while the broker is away,
# and the failure ends the worker. The sweep finds the work.
Channel.do_restore = False


class SteadyConsumer(Consumer):
    """Looks for a lost broker every second: Celery's own pause grows to half a minute, and work would wait for it."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands."""
        conn.ensure_connection = functools.partial(
            conn.ensure_connection, interval_start=RECONNECT_SECONDS, interval_step=0, interval_max=RECONNECT_SECONDS
        )
        return super().ensure_connected(conn)


@worker_ready.connect
@worker_process_init.connect
def _settle_in(**_: Any) -> None:
    settle_in()


# What ends the span of a task that runs, by its id.
_running: dict[str, ExitStack] = {}


@before_task_publish.connect
def _send_trace(headers: dict[str, Any], **_: Any) -> None:
    if told := tracing.traceparent():
        headers[tracing.HEADER] = told


@task_prerun.connect
def _begin_task(task_id: str, task: Any, **_: Any) -> None:
    """A task is a span of whoever sent it; what it logs is told as the system's."""
    stack = _running[task_id] = ExitStack()
    stack.enter_context(acting(lambda: f"system:{task.name}"))
    parent = str(getattr(task.request, tracing.HEADER, None) or "")
    stack.enter_context(tracing.span(task.name, kind=tracing.CONSUMER, parent=parent))


@task_postrun.connect
def _end_task(task_id: str, **_: Any) -> None:
    if stack := _running.pop(task_id, None):
        stack.close()


app = Celery("retailops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.task_routes = {
    "events.deliver": {"queue": "deliveries"},
    # Asking a slow remote must not hold up the sweep that finds other work.
    "events.look_up": {"queue": "deliveries"},
    "events.handle": {"queue": "handlers"},
    "connectors.*": {"queue": "inbox"},
    # Plans ask remotes too.
    "bulk.*": {"queue": "deliveries"},
    "events.*": {"queue": "maintenance"},
}
app.conf.task_default_queue = "maintenance"
# A worker that lost its broker asks for it forever, once a second.
app.conf.worker_consumer = SteadyConsumer
app.conf.broker_connection_max_retries = None
app.conf.worker_cancel_long_running_tasks_on_connection_loss = False

# Beat's messages are worth nothing once the next one is there.
app.conf.beat_schedule = {
    "sweep": {"task": "events.sweep", "schedule": 2.0, "options": {"expires": 6}},
    "weekly-summary": {"task": "workbench.weekly_summary", "schedule": 900.0, "options": {"expires": 600}},
    "housekeeping": {"task": "events.housekeeping", "schedule": 5.0, "options": {"expires": 15}},
}

"""The usual way, for comparison: one Celery task per delivery, that reads it, signs, posts and records it."""

import json
import os
from typing import Any

import httpx
from celery import Celery
from celery.signals import worker_process_init
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")
app = Celery("per-task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(task_routes={"benchmarks.send_one": {"queue": "per-task"}}, worker_prefetch_multiplier=4, imports=())
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000
_client = httpx.Client(timeout=20)


@worker_process_init.connect
def _keep_the_connection(**_: Any) -> None:
    """One connection a process, kept: Celery would end the pool of connections after each task."""
    database = connections["default"].settings_dict
    database["OPTIONS"] = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    database["CONN_MAX_AGE"] = None


@app.task(name="benchmarks.send_one")
def send_one(delivery_id: str) -> None:
    """Deliver one webhook with the same signature, body and rows as the engine's."""
    from django.db import transaction

    from connectors.webhooks_out.envelope import CONTENT_TYPE
    from connectors.webhooks_out.signing import signature
    from connectors.webhooks_out.transport import target_of
    from retailops.events.cloudevents import as_document
    from retailops.events.models import Attempt, Delivery
    from retailops.lib.clock import now

    delivery = Delivery.objects.select_related("event", "destination").get(id=delivery_id)
    target = target_of(delivery.destination_id)
    content, started = json.dumps(as_document(delivery.event)).encode(), now()
    stamp = str(int(started.timestamp()))
    headers = {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": delivery.effect_key,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(target.keys, delivery.effect_key, stamp, content),
    }
    answer = _client.post(str(target.url), content=content, headers=headers)
    with transaction.atomic():
        Attempt.objects.create(
            delivery=delivery,
            attempt_no=1,
            fence=1,
            trigger="auto",
            outcome="delivered",
            http_status=answer.status_code,
            request={"url": str(target.url)},
            started_at=started,
        )
        Delivery.objects.filter(id=delivery.id).update(status="delivered", finished_at=now())

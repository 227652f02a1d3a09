"""Canonical events as CloudEvents 1.0 JSON: the one form in which they leave (webhooks, feed) and come in.

Attribute names are lower-case letters without separators, because CloudEvents allows no others.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from pydantic import Field

from retailops.events.models import Event
from retailops.lib.wire import Shape

SPEC_VERSION = "1.0"


class CloudEvent(Shape):
    """One canonical event in a CloudEvents 1.0 envelope. `data` holds ids, amounts (minor units) and codes."""

    specversion: str = Field(SPEC_VERSION, description="Always 1.0.")
    id: str = Field(description="Unique within `source`; a repeat has the same.")
    source: str = Field(description="Who published it.", examples=["retailops"])
    type: str = Field(description="What happened: dotted, past tense.", examples=["return.received"])
    subject: str = Field(description="What it is about: kind and id.", examples=["return/0197…"])
    time: datetime = Field(description="When it happened.")
    datacontenttype: str = "application/json"
    dataschema: str = Field(description="Address of the JSON Schema of `data`.")
    correlationid: str = Field(description="One per customer transaction: order, return, refund, stock, ledger.")
    causationid: str | None = Field(None, description="The event that led to this one.")
    actor: str = Field(description="Who did it: `user:…`, `api_client:…`, `connection:…`, `system:…`.")
    onbehalfof: str | None = None
    reasoncode: str | None = None
    policyversion: str | None = None
    region: str | None = None
    brand: str | None = None
    channel: str | None = None
    data: dict[str, Any]


def schema_address(type_name: str, version: int) -> str:
    """Return the public address of a JSON Schema."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/api/v1/schemas/{type_name}/{version}.json"


def cloud_event(event: Event) -> CloudEvent:
    """Return the event in its envelope. An event taken in from outside keeps the id that its source gave it."""
    return CloudEvent.build(
        specversion=SPEC_VERSION,
        id=event.idempotency_key or str(event.id),
        source=event.source,
        type=event.type,
        subject=f"{event.subject_type}/{event.subject_id}",
        time=event.occurred_at,
        datacontenttype="application/json",
        dataschema=schema_address(event.type, event.version),
        correlationid=str(event.correlation_id),
        causationid=str(event.causation_id) if event.causation_id else None,
        actor=event.actor,
        onbehalfof=event.on_behalf_of or None,
        reasoncode=event.reason_code or None,
        policyversion=event.policy_version or None,
        region=event.region or None,
        brand=event.brand or None,
        channel=event.channel or None,
        data=event.data,
    )


def as_document(event: Event) -> dict[str, Any]:
    """Return the JSON document of the event; attributes that say nothing are left out, as CloudEvents asks."""
    return cloud_event(event).model_dump(mode="json", exclude_none=True)

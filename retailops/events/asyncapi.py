"""The event catalogue as an AsyncAPI 3 document, out of the declared event types."""

from typing import Any

from retailops.events.catalog import EventType, event_types
from retailops.events.cloudevents import CloudEvent

DRAFT_2020 = "application/schema+json;version=draft-2020-12"
HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same over all tries: drop what you have seen."},
        "webhook-timestamp": {"type": "string", "description": "Unix seconds; refuse what is older than five minutes."},
        "webhook-signature": {
            "type": "string",
            "description": "Space-separated `v1,<base64 of HMAC-SHA256 over id.timestamp.body>`; two while rotating.",
        },
    },
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: one webhook channel, one message per event type and version."""
    types = event_types()
    names = [_message_name(declared) for declared in types]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "RetailOps events",
            "version": "1.0.0",
            "description": "Canonical events as signed webhooks (Standard Webhooks, CloudEvents 1.0 JSON); the same "
            "events, in order, at GET /api/v1/events.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": None,
                "description": "POST to the address of a subscription (POST /api/v1/subscriptions).",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            "sendEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in names],
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            }
        },
        "components": {
            "messages": {_message_name(declared): _message(declared) for declared in types},
            "schemas": {_message_name(declared): declared.schema() for declared in types},
        },
    }


def _message_name(declared: EventType) -> str:
    return f"{declared.name}.v{declared.version}"


def _message(declared: EventType) -> dict[str, Any]:
    envelope = CloudEvent.model_json_schema(mode="serialization")
    envelope["properties"] |= {
        "type": {"const": declared.name},
        "data": {"$ref": f"#/components/schemas/{_message_name(declared)}"},
    }
    envelope["required"] = ["specversion", "id", "source", "type", "subject", "time", "correlationid", "actor", "data"]
    return {
        "name": declared.name,
        "title": declared.name,
        "summary": " ".join((declared.shape.__doc__ or "").split()),
        "contentType": "application/cloudevents+json",
        "headers": HEADERS,
        "payload": {"schemaFormat": DRAFT_2020, "schema": envelope},
    }

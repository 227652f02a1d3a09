"""Events that other systems tell: canonical CloudEvents taken into the log, set-based, each once.

What is told is kept as told: under its own source and id, in the story of its subject, in the feed, and sent to webhook
endpoints that want its type. It makes nobody act: no connection is owed anything and no subscriber runs, because only
a command of ours may move money, stock or a return. What the kernel says of itself is not taken from others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError
from pydantic_core import to_json

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import EventType, adapter, registry
from retailops.events.intake_rows import OURS, Outcome, Story, read_stories, write
from retailops.lib.clock import now
from retailops.lib.errors import DomainError, FieldError, Invalid, hidden
from retailops.lib.ids import parse_uuid, uuid7
from retailops.lib.joining import joins
from retailops.lib.wire import Body, pointer

BATCH_LIMIT = 500
KERNEL_FAMILIES = frozenset(
    {"access", "alert", "approval", "case", "connection", "delivery", "evidence", "sla", "webhook_endpoint"}
)
Line = Annotated[str, StringConstraints(max_length=64)]


class CloudEventIn(Body):
    """A canonical event as another system tells it. `source` and `id` together make it happen once."""

    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=120)] = Field(
        description="Who tells it; a URI reference. Not `retailops`.", examples=["/pos/store-12"]
    )
    type: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(examples=["return_line.in_transit"])
    subject: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}/[0-9a-fA-F-]{32,36}$")] = Field(
        description="Kind and id of what it is about.", examples=["return/01970000-0000-7000-8000-000000000000"]
    )
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, StringConstraints(max_length=500)] = ""
    correlationid: UUID | None = None
    causationid: UUID | None = None
    actor: Annotated[str, StringConstraints(max_length=120)] | None = None
    onbehalfof: Annotated[str, StringConstraints(max_length=120)] | None = None
    reasoncode: Annotated[str, StringConstraints(max_length=80)] | None = None
    policyversion: Annotated[str, StringConstraints(max_length=40)] | None = None
    region: Annotated[str, StringConstraints(max_length=32)] | None = None
    brand: Line | None = None
    channel: Line | None = None
    data: dict[str, Any]


@joins
def take_events(*, actor: Actor, events: Sequence[CloudEventIn]) -> list[Outcome]:
    """Take up to 500 events; one outcome each, in the order of the input. A refused one does not stop the others.

    The same source and id with the same content is known; with another content it is a Conflict. Region and brand are
    the subject's where its story is known, else the event's own; the actor must hold the permission there.
    """
    if len(events) > BATCH_LIMIT:
        detail = f"{len(events)} are too many."
        raise Invalid(f"At most {BATCH_LIMIT} events at once.", errors=[FieldError("/", detail)])
    subjects = [parse_uuid(told.subject.partition("/")[2]) for told in events]
    stories = read_stories({subject for subject in subjects if subject})
    taking = _Taking(actor, stories, now())
    rows: dict[int, dict[str, Any]] = {}
    outcomes: dict[int, Outcome] = {}
    for index, (told, subject) in enumerate(zip(events, subjects, strict=True)):
        try:
            rows[index] = _row(taking, told, subject)
        except DomainError as refused:
            outcomes[index] = refused
    outcomes |= write(rows)
    return [outcomes[index] for index in range(len(events))]


@dataclass
class _Taking:
    """What holds for every event of a batch; `permitted` remembers the scopes that were asked for already."""

    actor: Actor
    stories: dict[UUID, Story]
    moment: datetime
    permitted: set[tuple[str, str]] = field(default_factory=set)


def _row(taking: _Taking, told: CloudEventIn, subject: UUID | None) -> dict[str, Any]:
    """Return the event's columns. Raises Invalid, Denied, NotFound."""
    declared = _declared(told)
    if subject is None:
        raise _wrong("/subject", "Must be a kind and a UUID.")
    story = taking.stories.get(subject)
    _permit(taking, told, story)
    data = _checked_data(declared, told.data)
    correlation, region, brand, channel = story or (
        told.correlationid or subject,
        told.region,
        told.brand,
        told.channel,
    )
    return {
        "id": uuid7(), "type": declared.name, "version": declared.version,
        "subject_type": told.subject.partition("/")[0], "subject_id": subject, "correlation_id": correlation,
        "causation_id": told.causationid, "source": told.source, "actor": taking.actor.key,
        "on_behalf_of": told.onbehalfof or told.actor or "", "reason_code": told.reasoncode or "",
        "policy_version": told.policyversion or "", "region": region or "", "brand": brand or "",
        "channel": channel or "", "data": data, "occurred_at": told.time or taking.moment, "recorded_at": taking.moment,
        "idempotency_key": told.id, "input_hash": _hash(told, data),
    }  # fmt: skip


def _permit(taking: _Taking, told: CloudEventIn, story: Story | None) -> None:
    region, brand = (story.region, story.brand) if story else (told.region or "", told.brand or "")
    if (region, brand) in taking.permitted:
        return
    if story is None:
        require(taking.actor, Permission.EVENTS_WRITE, region=region, brand=brand)
    elif not can(taking.actor, Permission.EVENTS_WRITE, region=region, brand=brand):
        raise hidden()
    taking.permitted.add((region, brand))


def _declared(told: CloudEventIn) -> EventType:
    if told.source == OURS:
        raise _wrong("/source", f"Must not be {OURS}: only we speak for ourselves.")
    if told.type.partition(".")[0] in KERNEL_FAMILIES:
        raise _wrong("/type", "Only RetailOps tells this.")
    asked = told.dataschema.rpartition("/")[2].removesuffix(".json")
    found = registry.types.get((told.type, int(asked) if asked.isdecimal() and len(asked) < 5 else _latest(told.type)))
    if found is None:
        raise _wrong("/type", "Not a type of the catalogue; see /api/v1/asyncapi.json.")
    return found


def _latest(name: str) -> int:
    """Return the latest version of a type; 0 for an unknown one."""
    return _latest_versions(len(registry.types)).get(name, 0)


@cache
def _latest_versions(size: int) -> dict[str, int]:
    return dict(sorted(registry.types))


def _checked_data(declared: EventType, data: dict[str, Any]) -> Any:
    unknown = data.keys() - _names(declared.shape)
    if unknown:
        faults = [FieldError(f"/data/{name}", "Unknown field.") for name in sorted(unknown)]
        raise Invalid(f"Unknown field: {', '.join(sorted(unknown))}.", errors=faults)
    try:
        shape = adapter(declared.shape)
        return shape.dump_python(shape.validate_json(to_json(data), strict=True), mode="json")
    except ValidationError as refused:
        faults = [FieldError(pointer(("data", *each["loc"])), each["msg"]) for each in refused.errors()]
        raise Invalid("The data does not fit its schema; see `errors`.", errors=faults) from None


@cache
def _names(shape: type) -> frozenset[str]:
    return frozenset(each.name for each in fields(shape))


def _wrong(place: str, detail: str) -> Invalid:
    return Invalid("See `errors` for each field.", errors=[FieldError(place, detail)])


def _hash(told: CloudEventIn, data: Any) -> str:
    """Return the hash of what is told; the data counts as checked, so that the order of its members does not."""
    envelope = told.__pydantic_serializer__.to_json(told, exclude={"data"})
    return hashlib.sha256(envelope + to_json(data)).hexdigest()

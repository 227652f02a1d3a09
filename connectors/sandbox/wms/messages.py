"""Request bodies of the WMS API and its control calls, its error shape, its signed webhooks."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.sandbox.exchange import Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.webhooks import Outgoing

SYSTEM = "wms"
UNINSPECTED = "uninspected"
PLACEABLE = (
    "sellable|quarantine|damaged|refurbish|repair|return_to_vendor|liquidate|recycle|donate|scrap|return_to_customer"
)
DEFAULT_LOCATION = "DC-1"

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Disposition = Annotated[str, StringConstraints(pattern=f"^({PLACEABLE})$")]


Serials = list[Annotated[str, StringConstraints(min_length=1, max_length=120)]]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoticeLine(Body):
    line_ref: Text
    sku: Text
    quantity: Quantity
    description: str = ""
    serials: Serials = []


class NoticeIn(Body):
    """An inbound notice (ASN): what to expect, under the sender's reference."""

    reference: Text
    rma_number: Text
    order_number: str = ""
    location: Text = DEFAULT_LOCATION
    expected_at: str | None = None
    carrier: str = ""
    tracking_number: str = ""
    lines: Annotated[list[NoticeLine], Field(min_length=1)]


class ExpectedLine(Body):
    line_ref: Text
    quantity: Annotated[int, Field(strict=True, ge=0)]


class ExpectIn(Body):
    """How many units of a notice's lines are to come in all."""

    lines: Annotated[list[ExpectedLine], Field(min_length=1)]


class PlacementIn(Body):
    """Put a quantity of a SKU into a stock bucket."""

    reference: Text
    sku: Text
    quantity: Quantity
    disposition: Disposition
    location: Text = DEFAULT_LOCATION
    rma_number: str = ""
    line_ref: str = ""
    serials: Serials = []


class ShipmentLine(Body):
    sku: Text
    quantity: Quantity


class ShipmentIn(Body):
    """Ship goods to the customer of an order."""

    reference: Text
    rma_number: str = ""
    order_number: str = ""
    location: Text = DEFAULT_LOCATION
    lines: Annotated[list[ShipmentLine], Field(min_length=1)]


class TransferLine(Body):
    sku: Text
    quantity: Quantity
    disposition: Disposition = "sellable"


class TransferIn(Body):
    """Bring goods from one place to another."""

    reference: Text
    source: Text
    target: Text
    lines: Annotated[list[TransferLine], Field(min_length=1)]


class CountIn(Body):
    """Count the units of a SKU again where they stand."""

    reference: Text
    sku: Text
    location: Text
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class StockIn(Body):
    """Sellable units that come from elsewhere."""

    sku: Text
    quantity: Quantity
    location: Text = DEFAULT_LOCATION


class ArrivedLine(Body):
    line_ref: Text
    quantity: Quantity
    serials: Serials = []


class UnexpectedLine(Body):
    sku: Text
    quantity: Quantity
    serials: Serials = []


class Target(Body):
    """Which notice is meant: by id, by reference or by RMA number."""

    notice_id: str = ""
    reference: str = ""
    rma_number: str = ""


class ArrivalIn(Target):
    """A parcel arrives. Without `lines`: all that is still outstanding. `unexpected`: goods nobody announced."""

    lines: list[ArrivedLine] | None = None
    unexpected: list[UnexpectedLine] = []
    parcel_id: str = ""
    scan_id: str = ""
    location: str = ""
    received_at: str = ""


class Slice(Body):
    quantity: Quantity
    condition: Text = "like_new"
    grade: Text = "A"
    disposition: Disposition = "sellable"
    reason: str = ""
    serials: Serials = []


class InspectedLine(Body):
    line_ref: Text
    slices: Annotated[list[Slice], Field(min_length=1)]


class InspectionIn(Target):
    """Goods are inspected. Without `lines`: everything received and not yet inspected, as grade A, sellable."""

    lines: list[InspectedLine] | None = None
    inspected_at: str = ""


class Autopilot(Body):
    """Whether parcels arrive, are inspected and placed by themselves; shares per grade, which need not add up to 1.

    After so many `parcels` no more arrive by themselves; None is without end. Those of orders whose number begins with
    one of `leave_orders` never do.
    """

    enabled: bool = False
    delay_ms: Annotated[int, Field(ge=0)] = 200
    grade_mix: dict[str, float] = {"A": 1.0}
    parcels: Annotated[int, Field(ge=0)] | None = None
    leave_orders: list[Annotated[str, Field(min_length=1)]] = []


class WmsError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


def problem(status: int, code: str, detail: str, *, headers: Json | None = None, **more: Any) -> Reply:
    """RFC 9457 problem details with a `code`."""
    body = {"type": f"https://wms.example/problems/{code}", "title": code.replace("_", " ").capitalize()}
    content = {"Content-Type": "application/problem+json", **(headers or {})}
    return Reply(status, body | {"status": status, "code": code, "detail": detail, **more}, content)


Model = TypeVar("Model", bound=Body)


def parsed(model: type[Model], value: Any) -> Model:
    """Raises WmsError (422) that names the first bad field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        pointer = "/" + "/".join(str(part) for part in first["loc"])
        raise WmsError(problem(422, "invalid_body", first["msg"], pointer=pointer)) from error


def refuse_taken(world: World, kind: str, reference: str, name: str) -> None:
    """Raises WmsError (409 `reference_taken`) where one of that kind bears the reference already."""
    for present in world.store.find(SYSTEM, kind, ref=reference):
        detail = f"{name} with this reference is there already."
        raise WmsError(problem(409, "reference_taken", detail, existing_id=present["id"]))


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def announce(world: World, topic: str, lane: str, data: Json) -> None:
    """Queue a webhook, in order per `lane` (RMA number or reference)."""
    message_id = new_id("msg")
    body = {"type": topic, "timestamp": stamp(), "data": data}
    world.hooks.emit(SYSTEM, lane=lane, topic=topic, message_id=message_id, body=body)


def sign(message: Outgoing) -> Mapping[str, str]:
    """Standard Webhooks: HMAC-SHA256 of `id.timestamp.body` under the base64 part of each `whsec_` secret."""
    payload = f"{message.message_id}.{message.at}.".encode() + message.body
    signatures = [hmac.new(_key(secret), payload, hashlib.sha256).digest() for secret in message.secrets]
    return {
        "webhook-id": message.message_id,
        "webhook-timestamp": str(message.at),
        "webhook-signature": " ".join("v1," + base64.b64encode(digest).decode() for digest in signatures),
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a whsec_ secret is base64 after its prefix") from error

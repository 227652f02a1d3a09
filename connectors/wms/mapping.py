"""Canonical ↔ warehouse, pure: no I/O, no database. Quantities are whole units, times are aware."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.meanings import Meaning, published
from connectors.wms.config import WmsConfig, WmsMapping
from returns.inputs import BlindReceiptIn, InspectionIn, ReceiptIn, ReceiptLineIn, SliceIn
from returns.inputs.exchanges import ShipmentOut

Json = dict[str, Any]
Numbers = Mapping[int, Sequence[str]]  # line → serials
NO_NUMBERS: Numbers = {}
NOTICE = "notice:"
PLACEMENT = "place:"
SHIPMENT = "ship:"


class Unmapped(Exception):
    """A code or field that the mapping does not know: nothing is guessed, a person completes the mapping."""


@dataclass(frozen=True)
class ArrivedLine:
    """Units that arrived; `line_no` is None for goods that the notice does not name. `serials` were read on them."""

    line_no: int | None
    sku: str
    quantity: int
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """One `receipt.confirmed`. `return_id` is None when the notice is not ours or there was none."""

    return_id: UUID | None
    rma_number: str
    scan_id: str
    parcel: str
    location: str
    received_at: datetime
    lines: tuple[ArrivedLine, ...]


@dataclass(frozen=True)
class JudgedSlice:
    """Units of one line with one verdict."""

    line_no: int
    quantity: int
    accepted: bool
    condition: str
    grade: str
    disposition: str
    reason: str
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """One `inspection.completed`; `reference` makes it happen once."""

    return_id: UUID | None
    rma_number: str
    reference: str
    inspected_at: datetime
    slices: tuple[JudgedSlice, ...]

    def quantity_of(self, line_no: int) -> int:
        """How many units of a line were judged."""
        return sum(part.quantity for part in self.slices if part.line_no == line_no)


@dataclass(frozen=True)
class Placed:
    """One `placement.confirmed` or `placement.failed`, or the answer to a placement that is settled already."""

    slice_id: UUID
    placement_id: str
    status: str
    failure: str
    # Numbers of the units that were placed; empty where the warehouse read none.
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shipped:
    """One `shipment.shipped` or `shipment.failed`, or the answer to a shipment that is settled already."""

    exchange_id: UUID
    shipment: ShipmentOut
    failure: str


def notice(fact: Json, effect_key: str, config: WmsConfig, mapping: WmsMapping, numbers: Numbers = NO_NUMBERS) -> Json:
    """Return the inbound notice for a `return.authorized` or `return.reinstated`: what is to come, without what the
    customer keeps and what has arrived.

    `line_ref` is our line number. `numbers` (by line) are the serials that were sold: the units bear some of them.
    """
    place = fact.get("location") or config.default_location
    return {
        "reference": effect_key,
        "rma_number": fact["number"],
        "order_number": fact.get("order_number", ""),
        "location": location_there(place, mapping),
        "lines": [
            {"line_ref": str(line["line_no"]), "sku": line["sku"], "quantity": units_to_come(line)}
            | _with_serials(numbers.get(line["line_no"], ()))
            for line in fact["lines"]
            if units_to_come(line) > 0
        ],
    }


def units_to_come(line: Json) -> int:
    """Return how many units of a line of a return's event travel: neither kept by the customer nor here already."""
    return int(line["quantity"]) - int(line.get("kept", 0)) - int(line.get("arrived", 0))


def notice_reference(fact: Json) -> str:
    """How the references begin under which a return was announced; the first one is that."""
    return f"{NOTICE}{fact['return_id']}"


def received_by(notices: Sequence[Json]) -> dict[int, int]:
    """Return by line number how many units came by these notices of one return."""
    units: dict[int, int] = {}
    for notice in notices:
        for line in notice["lines"]:
            number = int(line["line_ref"])
            units[number] = units.get(number, 0) + int(line["received"])
    return units


def announcement_of(reference: str) -> UUID | None:
    """Return the event that a later notice was announced by; None for the first one of a return."""
    _, _, event = reference.removeprefix(NOTICE).partition(":")
    return UUID(event) if event else None


def line_expected(fact: Json, arrived: Mapping[int, int] | None = None) -> Json:
    """Return what a notice is to expect of the line of a `return_line` event, in all.

    `arrived` is what had come of each line before that notice was made: it never counted them.
    """
    before = (arrived or {}).get(fact["line_no"], 0)
    return {"line_ref": str(fact["line_no"]), "quantity": max(0, int(fact.get("expected", 0)) - before)}


def placement(
    fact: Json, effect_key: str, config: WmsConfig, mapping: WmsMapping, numbers: Numbers = NO_NUMBERS
) -> Json:
    """Return the placement for an `inventory.disposition_decided`, with the numbers of its units as far as read."""
    return {
        "reference": effect_key,
        "sku": fact["sku"],
        "quantity": fact["quantity"],
        "disposition": _theirs(mapping.dispositions, fact["disposition"], "disposition"),
        "location": location_there(fact.get("location") or config.default_location, mapping),
        "rma_number": fact["number"],
        "line_ref": str(fact["line_no"]),
    } | _with_serials(numbers.get(fact["line_no"], ()))


def _with_serials(serials: Sequence[str]) -> Json:
    """Return the member that names serials; nothing where none are known: a warehouse that reads none needs none."""
    return {"serials": list(serials)} if serials else {}


def count(fact: Json, effect_key: str, config: WmsConfig, mapping: WmsMapping, *, reason: str) -> Json:
    """Return the count that an `inventory.recount_asked` asks for; `reason` is what was written beside it."""
    return {
        "reference": effect_key,
        "sku": fact["sku"],
        "location": location_there(fact["location"] or config.default_location, mapping),
        "reason": reason[:200],
    }


def shipment(fact: Json, effect_key: str, config: WmsConfig, mapping: WmsMapping) -> Json:
    """Return the shipment order for an `exchange.released`; equal skus are one line."""
    wanted: dict[str, int] = {}
    for line in fact["lines"]:
        wanted[line["wanted_sku"]] = wanted.get(line["wanted_sku"], 0) + line["wanted_quantity"]
    return {
        "reference": effect_key,
        "rma_number": fact["number"],
        "order_number": fact.get("order_number", ""),
        "location": location_there(fact.get("location") or config.default_location, mapping),
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in wanted.items()],
    }


def transfer(fact: Json, effect_key: str, mapping: WmsMapping) -> Json:
    """Return the transfer for an `inventory.transfer_sent`. Raises Unmapped."""
    return {
        "reference": effect_key,
        "source": location_there(fact["source"], mapping),
        "target": location_there(fact["target"], mapping),
        "lines": [
            {
                "sku": line["sku"],
                "quantity": line["quantity"],
                "disposition": _theirs(mapping.dispositions, line["disposition"], "disposition"),
            }
            for line in fact["lines"]
        ],
    }


def arrival(data: Json, mapping: WmsMapping) -> Arrival:
    """Read a `receipt.confirmed`. Raises Unmapped for a shape that the contract does not have."""
    with _contract("receipt.confirmed"):
        return Arrival(
            return_id=_ours(data["reference"], NOTICE),
            rma_number=data["rma_number"] or "",
            scan_id=data["scan_id"],
            parcel=data["parcel_id"],
            location=location_here(data["location"], mapping),
            received_at=moment(data["received_at"]),
            lines=tuple(
                ArrivedLine(_line_no(line["line_ref"]), line["sku"], line["quantity"], _serials(line))
                for line in data["lines"]
            ),
        )


def judgement(data: Json, config: WmsConfig, mapping: WmsMapping, meaning: Meaning = published) -> Judgement:
    """Read an `inspection.completed`. Raises UnmappedCode for a code without a meaning, Unmapped for another shape."""
    with _contract("inspection.completed"):
        return Judgement(
            return_id=_ours(data["reference"], NOTICE),
            rma_number=data["rma_number"] or "",
            reference=data["inspection_id"],
            inspected_at=moment(data["inspected_at"]),
            slices=tuple(
                _slice(line["line_ref"], part, config, mapping, meaning)
                for line in data["lines"]
                for part in line["slices"]
            ),
        )


def receipt(arrival: Arrival) -> ReceiptIn:
    """Say an arrival as the domain takes it; goods that the notice does not name go by their sku."""
    return ReceiptIn(**_receipt(arrival))


def blind(arrival: Arrival, source: str, config: WmsConfig) -> BlindReceiptIn:
    """Say the arrival of a parcel that nobody announced as the domain takes it."""
    lines = [ReceiptLineIn(sku=line.sku, quantity=line.quantity, serials=list(line.serials)) for line in arrival.lines]
    return BlindReceiptIn(
        **(_receipt(arrival) | {"lines": lines}),
        region=config.region,
        brand=config.brand,
        legal_entity=config.legal_entity,
        currency=config.currency,
        source=source,
        external_id=arrival.scan_id,
        reason=f"announced as {arrival.rma_number}" if arrival.rma_number else "no announcement",
    )


def _receipt(arrival: Arrival) -> Json:
    return {
        "scan_id": arrival.scan_id,
        "parcel": arrival.parcel,
        "location": arrival.location,
        "received_at": arrival.received_at,
        "lines": [
            ReceiptLineIn(line_no=line.line_no, sku=line.sku, quantity=line.quantity, serials=list(line.serials))
            for line in arrival.lines
        ],
    }


def inspection(judged: Judgement, location: str) -> InspectionIn:
    """Say a judgement as the domain takes it; `location` is where the goods were received."""
    slices = [SliceIn.model_validate(asdict(part) | {"serials": list(part.serials)}) for part in judged.slices]
    return InspectionIn(reference=judged.reference, location=location, inspected_at=judged.inspected_at, slices=slices)


def placed(data: Json, status: str) -> Placed | None:
    """Read the outcome of a placement; None when it is not one of ours."""
    with _contract(f"placement.{status}"):
        slice_id = _ours(data["reference"], PLACEMENT)
        if slice_id is None:
            return None
        failure = (data["failure_reason"] or "refused by the warehouse") if status == "failed" else ""
        return Placed(slice_id, data.get("placement_id") or data["id"], status, failure, _serials(data))


def shipped(data: Json, status: str) -> Shipped | None:
    """Read the outcome of a shipment; None when it is not one of ours."""
    with _contract(f"shipment.{status}"):
        exchange_id = _ours(data["reference"], SHIPMENT)
        if exchange_id is None:
            return None
        if status == "failed":
            return Shipped(exchange_id, ShipmentOut(), data["failure_reason"] or "refused by the warehouse")
        told = ShipmentOut(
            external_reference=data.get("shipment_id") or data["id"],
            carrier=data["carrier"],
            tracking=data["tracking_number"],
            shipped_at=moment(data["shipped_at"]),
        )
        return Shipped(exchange_id, told, "")


def location_there(ours: str, mapping: WmsMapping) -> str:
    """Our location code → the warehouse's."""
    return mapping.locations.get(ours, ours)


def location_here(theirs: str, mapping: WmsMapping) -> str:
    """The warehouse's location → our code."""
    return next((ours for ours, name in mapping.locations.items() if name == theirs), theirs)


def moment(text: str) -> datetime:
    """Read an RFC 3339 time. Raises ValueError without an offset, since guessing one would shift deadlines."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return value


def _slice(line_ref: str, part: Json, config: WmsConfig, mapping: WmsMapping, meaning: Meaning) -> JudgedSlice:
    line_no = _line_no(line_ref)
    if line_no is None:
        raise Unmapped("an inspection names no line of the notice")
    theirs = part["disposition"]
    disposition = meaning("disposition", theirs, _ours_of(mapping.dispositions, theirs))
    return JudgedSlice(
        line_no=line_no,
        quantity=part["quantity"],
        accepted=disposition not in config.rejected_dispositions,
        # The contract has no list of these: its words are ours, or a person says what they mean.
        condition=meaning("condition", part["condition"], part["condition"]),
        grade=part["grade"],
        disposition=disposition,
        reason=meaning("disposition_reason", part["reason"], part["reason"]),
        serials=_serials(part),
    )


def _serials(told: Json) -> tuple[str, ...]:
    """Return the numbers that were read; a warehouse that reads none leaves them out."""
    return tuple(told.get("serials") or ())


def _line_no(line_ref: str | None) -> int | None:
    return int(line_ref) if line_ref else None


def _ours(reference: str | None, prefix: str) -> UUID | None:
    if not reference or not reference.startswith(prefix):
        return None
    return UUID(reference.removeprefix(prefix).partition(":")[0])


def _theirs(table: Mapping[str, str], ours: str, what: str) -> str:
    if ours not in table:
        raise Unmapped(f"the {what} {ours!r} has no name at this warehouse: add it to the connection's mapping")
    return table[ours]


def _ours_of(table: Mapping[str, str], theirs: str) -> str:
    return next((ours for ours, name in table.items() if name == theirs), "")


@contextmanager
def _contract(message: str) -> Iterator[None]:
    """Turn a missing or malformed field into Unmapped that names the message."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unmapped(f"{message} is not as the contract says: {type(error).__name__} {error}") from error

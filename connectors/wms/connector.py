"""The warehouse: told what to expect, where to put it and what to ship; tells what came, in which state, where it is
now, and what went."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pydantic_core import to_jsonable_python as jsonable

from connectors.answers import Answer
from connectors.failures import VendorFailure, delivered
from connectors.meanings import meanings_of
from connectors.models import InboxMessage
from connectors.protocol import (
    ConnectionContext,
    Connector,
    Health,
    Operation,
    Rendered,
    Route,
    SecretSpec,
    Translated,
    Verified,
    anything,
    key_of_event,
    key_of_subject,
)
from connectors.wms import arrived, mapping, messages, serials, transfers
from connectors.wms.client import ALREADY_RECEIVED, NOTICES, TOKEN, WmsClient, WmsFailure
from connectors.wms.config import WmsConfig, WmsMapping
from connectors.wms.mapping import Unmapped
from connectors.wms.signature import verified_id
from retailops.events.enums import OutcomeClass
from retailops.events.publish import words_of
from retailops.events.transport import Claimed, Finding, Outcome
from returns.enums import DispositionStatus
from returns.models import DispositionSlice

Json = dict[str, Any]
ANNOUNCE = "inbound_notice.create"
EXPECT = "inbound_notice.expect"
WITHDRAW = "inbound_notice.cancel"
PLACE = "stock.place"
SHIP = "exchange.ship"
COUNT = "stock.count"
# Long after a floor has usually done it.
PLACED_WITHIN = timedelta(minutes=30)
TOLD = ("id", "reference", "status", "failure_reason", "carrier", "tracking_number", "shipped_at", "serials")


class Wms(Connector):
    """A warehouse or 3PL that speaks the contract beside this file."""

    vendor = "wms"
    label = "Warehouse (REST)"
    proven = "conforms to its contract, connectors/wms/contract.json"
    Config = WmsConfig
    MappingSchema = WmsMapping
    secrets = (SecretSpec(TOKEN, "Access token"), SecretSpec(messages.SECRET, "Webhook secret (whsec_…)", signs=True))
    operations: ClassVar = {
        ANNOUNCE: Operation(ANNOUNCE, repeat_safe=True, effect_kind="inbound_notice"),
        EXPECT: Operation(EXPECT, repeat_safe=True),
        WITHDRAW: Operation(WITHDRAW, repeat_safe=True),
        PLACE: Operation(PLACE, repeat_safe=True, effect_kind="placement"),
        SHIP: Operation(SHIP, repeat_safe=True, effect_kind="shipment"),
        COUNT: Operation(COUNT, repeat_safe=True, effect_kind="count"),
        transfers.SEND: Operation(transfers.SEND, repeat_safe=True, effect_kind="transfer"),
        transfers.CANCEL: Operation(transfers.CANCEL, repeat_safe=True),
    }
    routes = (
        Route("return.authorized", ANNOUNCE, serves=messages.comes_by_parcel, effect_key=key_of_subject("notice")),
        # What was withdrawn and is alive again is announced anew, under a reference of that announcement.
        Route("return.reinstated", ANNOUNCE, serves=messages.comes_by_parcel, effect_key=messages.key_of_announcement),
        Route("return.canceled", WITHDRAW, serves=messages.comes_by_parcel, effect_key=key_of_event),
        Route("return.expired", WITHDRAW, serves=messages.comes_by_parcel, effect_key=key_of_event),
        Route("return_line.kept", EXPECT, serves=messages.comes_by_parcel, effect_key=key_of_event),
        Route("return_line.short", EXPECT, serves=messages.comes_by_parcel, effect_key=key_of_event),
        Route("return_line.remaining_canceled", EXPECT, serves=messages.comes_by_parcel, effect_key=key_of_event),
        Route("inventory.disposition_decided", PLACE, serves=anything),
        Route("exchange.released", SHIP, serves=anything),
        Route(
            "inventory.transfer_sent",
            transfers.SEND,
            serves=transfers.ours_to_tell,
            effect_key=key_of_subject("transfer"),
        ),
        Route("inventory.transfer_canceled", transfers.CANCEL, serves=transfers.ours_to_tell, effect_key=key_of_event),
        # Each asking is another count.
        Route("inventory.recount_asked", COUNT, serves=anything, effect_key=key_of_event),
    )
    tells_later: ClassVar = {PLACE: PLACED_WITHIN}
    topics = messages.TOPICS
    signature = "Standard Webhooks"

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Announce, lower what is expected, withdraw, place, ship or count."""
        client = WmsClient(conn, claimed.timeout_seconds)
        try:
            return SENDERS[claimed.operation](conn, client, claimed)
        except Unmapped as error:
            raise VendorFailure(OutcomeClass.CONTRACT, "unmapped", str(error)) from error

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the notice, placement or shipment as it is asked for; a withdrawal names the return alone."""
        if claimed.operation == WITHDRAW:
            return Rendered(f"cancel the notices of {claimed.message['number']}")
        if claimed.operation == transfers.CANCEL:
            return Rendered(f"POST /v1/transfers/(of {claimed.message['number']})/cancel")
        if claimed.operation == EXPECT:
            line = mapping.line_expected(claimed.message)
            return Rendered(f"POST {NOTICES}/(of {claimed.message['number']})/expect", {"lines": [line]})
        path, made = BODIES[claimed.operation]
        try:
            return Rendered(f"POST {path}", made(conn, claimed))
        except Unmapped as error:
            raise VendorFailure(OutcomeClass.CONTRACT, "unmapped", str(error)) from error

    def understand(self, conn: ConnectionContext, topic: str, content: Any) -> Any:
        """Return what came and in which state, by our names."""
        if topic == messages.RECEIVED:
            return jsonable(mapping.arrival(content["data"], _names(conn)))
        if topic == messages.INSPECTED:
            return jsonable(mapping.judgement(content["data"], conn.config, _names(conn), meanings_of(conn)))
        return None

    def find(self, conn: ConnectionContext, claimed: Claimed) -> Finding:
        """Look the notice, placement, shipment or count up by our reference."""
        client = WmsClient(conn, claimed.timeout_seconds)
        if claimed.operation == PLACE:
            return _found(client.placement_of(claimed.effect_key))
        if claimed.operation == SHIP:
            return _found(client.shipment_of(claimed.effect_key))
        if claimed.operation == COUNT:
            return _found(client.count_of(claimed.effect_key))
        if claimed.operation in (transfers.SEND, transfers.CANCEL):
            return transfers.find(client, claimed)
        if claimed.operation == ANNOUNCE:
            return _found(client.notice_of(claimed.effect_key))
        notices = _notices(client, claimed)
        last = notices[-1] if notices else {}
        done = not _alive(notices) if claimed.operation == WITHDRAW else _lowered(_alive(notices), claimed)
        return Finding(present=done, external_reference=last.get("id", ""), evidence=_told(last))

    def awaited(self, operation: str, after: str, limit: int) -> Sequence[str]:
        """Return the keys of placements whose goods the domain still waits to see placed."""
        rows = DispositionSlice.objects.filter(status=DispositionStatus.POSTING).order_by("id")
        if after:
            rows = rows.filter(pk__gt=after.removeprefix("place:"))
        return [f"place:{id}" for id in rows.values_list("id", flat=True)[:limit]]

    def outcome(self, conn: ConnectionContext, claimed: Claimed) -> tuple[Verified, bytes] | None:
        """Look the placement up by its reference; confirmed or failed, it is told like its webhook."""
        found = WmsClient(conn, claimed.timeout_seconds).placement_of(claimed.effect_key)
        topic = messages.OUTCOMES.get(str((found or {}).get("status")))
        if found is None or topic is None:
            return None
        body = json.dumps({"type": topic, "data": _told(found)}).encode()
        return Verified(f"asked:{found['id']}:{found['status']}", topic, claimed.effect_key), body

    def held(self, conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
        """Return the open returns that were announced, where a rule says that the warehouse owns what arrived."""
        return arrived.held(conn, after, limit)

    def reread(self, conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
        """Ask the warehouse what came of a return."""
        return arrived.reread(conn, key)

    def verify(self, conn: ConnectionContext, headers: Mapping[str, str], body: bytes) -> Verified:
        """Check the Standard Webhooks signature over the raw body; the lane is the return that it is about."""
        message_id = verified_id(headers, body, conn.secrets_of(messages.SECRET))
        return messages.opened(message_id, body)

    def translate(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Run the command that a webhook asks for."""
        content = json.loads(bytes(message.body))
        if message.topic == arrived.READ:
            return arrived.told(conn, content)
        return messages.translate(conn, message.topic, content["data"])

    def translate_answer(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """What is settled already (looked up late) tells its outcome like its webhook would."""
        answer = Answer.of(message)
        status = answer.answer.get("status", "")
        if answer.operation == PLACE and status in {"confirmed", "failed"}:
            messages.place(conn, answer.answer, status)
        if answer.operation == SHIP and status in {"shipped", "failed"}:
            messages.ship(conn, answer.answer, status)
        return Translated(answer.correlation_id, {"reference": answer.external_reference, "status": status})

    def check(self, conn: ConnectionContext) -> Health:
        """Make one authenticated look-up."""
        WmsClient(conn, conn.timeout_seconds).ping()
        return Health(ok=True, detail="The warehouse answers and knows the token.")


def _announce(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    return _made(claimed, _notice(conn, claimed), client.create_notice, client.notice_of)


def _withdraw(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    notices = _notices(client, claimed)
    if not notices:
        return _never_announced(claimed)
    canceled = [each for notice in _alive(notices) or notices[-1:] if (each := _canceled(client, notice))]
    if not canceled:
        return delivered(claimed, notices[-1]["id"], code=ALREADY_RECEIVED, message="Its goods had come before.")
    return delivered(claimed, canceled[-1]["id"], _told(canceled[-1]))


def _canceled(client: WmsClient, notice: Json) -> Json | None:
    """Cancel a notice; None where the goods were quicker: nobody waits for them, and their receipt comes by webhook."""
    try:
        return client.cancel_notice(notice["id"])
    except WmsFailure as failure:
        if failure.code != ALREADY_RECEIVED:
            raise
        return None


def _expect(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    """Say how many units of a line may still come by the notice that stands; said again it changes nothing."""
    notices = _notices(client, claimed)
    if not notices:
        return _never_announced(claimed)
    waiting = [(notice, line) for notice in _alive(notices) if (line := _line_of(notice, claimed))]
    if not waiting:
        return delivered(claimed, notices[-1]["id"], code="not_expected", message="No notice waits for this line.")
    answers = [client.expect(notice["id"], [line]) for notice, line in waiting]
    return delivered(claimed, answers[-1]["id"], _told(answers[-1]))


def _notices(client: WmsClient, claimed: Claimed) -> list[Json]:
    """Return the notices of the message's return that are ours, in the order in which they were announced."""
    ours = mapping.notice_reference(claimed.message)
    return [each for each in client.notices_of(claimed.message["number"]) if each["reference"].startswith(ours)]


def _alive(notices: Sequence[Json]) -> list[Json]:
    return [notice for notice in notices if notice["status"] != "canceled"]


def _line_of(notice: Json, claimed: Claimed) -> Json | None:
    """Return what the notice is to expect of the message's line; None where it does not name the line."""
    line = mapping.line_expected(claimed.message, messages.arrived_before(notice["reference"]))
    return line if any(each["line_ref"] == line["line_ref"] for each in notice["lines"]) else None


def _lowered(notices: Sequence[Json], claimed: Claimed) -> bool:
    """Tell whether each notice expects of the line what it is to expect."""
    wanted = {notice["id"]: line for notice in notices if (line := _line_of(notice, claimed))}
    return all(
        each["quantity"] == wanted[notice["id"]]["quantity"]
        for notice in notices
        for each in notice["lines"]
        if notice["id"] in wanted and each["line_ref"] == wanted[notice["id"]]["line_ref"]
    )


def _never_announced(claimed: Claimed) -> Outcome:
    return delivered(claimed, code="never_announced", message="The warehouse was not told of this return.")


def _place(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    return _made(claimed, _placement(conn, claimed), client.create_placement, client.placement_of)


def _ship(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    return _made(claimed, _shipment(conn, claimed), client.create_shipment, client.shipment_of)


def _count(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    return _made(claimed, _counting(conn, claimed), client.create_count, client.count_of)


def _made(
    claimed: Claimed, body: Json, create: Callable[[Json, str], Json], find: Callable[[str], Json | None]
) -> Outcome:
    """Create it under its effect key; where the warehouse says that the reference is taken, it is there already."""
    try:
        made = create(body, claimed.effect_key)
    except WmsFailure as failure:
        if failure.code != "reference_taken":
            raise
        made = _there(find(claimed.effect_key), claimed.effect_key)
    return delivered(claimed, made["id"], _told(made), http_status=201)


def _transfer(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    return _made(claimed, transfers.body_of(conn, claimed), client.create_transfer, client.transfer_of)


def _notice(conn: ConnectionContext, claimed: Claimed) -> Json:
    numbers = serials.sold(claimed.message)
    return mapping.notice(claimed.message, claimed.effect_key, conn.config, _names(conn), numbers)


def _placement(conn: ConnectionContext, claimed: Claimed) -> Json:
    numbers = serials.judged(claimed.message)
    return mapping.placement(claimed.message, claimed.effect_key, conn.config, _names(conn), numbers)


def _shipment(conn: ConnectionContext, claimed: Claimed) -> Json:
    return mapping.shipment(claimed.message, claimed.effect_key, conn.config, _names(conn))


def _counting(conn: ConnectionContext, claimed: Claimed) -> Json:
    reason = words_of(claimed.event_id)
    return mapping.count(claimed.message, claimed.effect_key, conn.config, _names(conn), reason=reason)


BODIES: dict[str, tuple[str, Callable[[ConnectionContext, Claimed], Json]]] = {
    ANNOUNCE: (NOTICES, _notice),
    PLACE: ("/v1/placements", _placement),
    SHIP: ("/v1/shipments", _shipment),
    COUNT: ("/v1/counts", _counting),
    transfers.SEND: ("/v1/transfers", transfers.body_of),
}
SENDERS = {
    ANNOUNCE: _announce, EXPECT: _expect, WITHDRAW: _withdraw, PLACE: _place, SHIP: _ship, COUNT: _count,
    transfers.SEND: _transfer, transfers.CANCEL: transfers.cancel,
}  # fmt: skip


def _names(conn: ConnectionContext) -> WmsMapping:
    return messages.names_of(conn)


def _there(found: Json | None, reference: str) -> Json:
    """What the warehouse itself said is there already."""
    if found is None:
        told = f"The warehouse says that {reference} is taken and does not show it."
        raise VendorFailure(OutcomeClass.TRANSIENT, "not_there_yet", told)
    return found


def _found(item: Json | None) -> Finding:
    if item is None:
        return Finding(present=False)
    return Finding(True, item["id"], _told(item), _told(item))


def _told(item: Json) -> Json:
    return {name: item[name] for name in TOLD if name in item}


CONNECTOR = Wms()

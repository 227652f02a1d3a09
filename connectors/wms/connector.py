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
from connectors.wms import mapping, messages, serials
from connectors.wms.client import TOKEN, WmsClient, WmsFailure
from connectors.wms.config import WmsConfig, WmsMapping
from connectors.wms.mapping import Unmapped
from connectors.wms.signature import verified_id
from retailops.events.enums import OutcomeClass
from retailops.events.transport import Claimed, Finding, Outcome
from returns.enums import DispositionStatus
from returns.models import DispositionSlice

Json = dict[str, Any]
ANNOUNCE = "inbound_notice.create"
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
        WITHDRAW: Operation(WITHDRAW, repeat_safe=True),
        PLACE: Operation(PLACE, repeat_safe=True, effect_kind="placement"),
        SHIP: Operation(SHIP, repeat_safe=True, effect_kind="shipment"),
        COUNT: Operation(COUNT, repeat_safe=True, effect_kind="count"),
    }
    routes = (
        Route("return.authorized", ANNOUNCE, serves=messages.comes_by_parcel, effect_key=key_of_subject("notice")),
        Route("return.canceled", WITHDRAW, serves=messages.comes_by_parcel, effect_key=key_of_subject("notice_cancel")),
        Route("return.expired", WITHDRAW, serves=messages.comes_by_parcel, effect_key=key_of_subject("notice_cancel")),
        Route("inventory.disposition_decided", PLACE, serves=anything),
        Route("exchange.released", SHIP, serves=anything),
        # Each asking is another count.
        Route("inventory.recount_asked", COUNT, serves=anything, effect_key=key_of_event),
    )
    tells_later: ClassVar = {PLACE: PLACED_WITHIN}
    topics = messages.TOPICS
    signature = "Standard Webhooks"

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Announce, withdraw, place, ship or count."""
        client = WmsClient(conn, claimed.timeout_seconds)
        try:
            return SENDERS[claimed.operation](conn, client, claimed)
        except Unmapped as error:
            raise VendorFailure(OutcomeClass.CONTRACT, "unmapped", str(error)) from error

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the notice, placement or shipment as it is asked for; a withdrawal names the notice alone."""
        if claimed.operation == WITHDRAW:
            return Rendered(f"cancel the notice {mapping.notice_reference(claimed.message)}")
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
        notice = client.notice_of(mapping.notice_reference(claimed.message))
        if claimed.operation == WITHDRAW:
            gone = notice is None or notice["status"] == "canceled"
            return Finding(
                present=gone, external_reference=notice["id"] if notice else "", evidence=_told(notice or {})
            )
        return _found(notice)

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

    def verify(self, conn: ConnectionContext, headers: Mapping[str, str], body: bytes) -> Verified:
        """Check the Standard Webhooks signature over the raw body; the lane is the return that it is about."""
        message_id = verified_id(headers, body, conn.secrets_of(messages.SECRET))
        return messages.opened(message_id, body)

    def translate(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Run the command that a webhook asks for."""
        content = json.loads(bytes(message.body))
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
    notice = client.notice_of(mapping.notice_reference(claimed.message))
    if notice is None:
        return delivered(claimed, code="never_announced", message="The warehouse was not told of this return.")
    return delivered(claimed, notice["id"], _told(client.cancel_notice(notice["id"])))


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


def _notice(conn: ConnectionContext, claimed: Claimed) -> Json:
    numbers = serials.sold(claimed.message)
    return mapping.notice(claimed.message, claimed.effect_key, conn.config, _names(conn), numbers)


def _placement(conn: ConnectionContext, claimed: Claimed) -> Json:
    numbers = serials.judged(claimed.message)
    return mapping.placement(claimed.message, claimed.effect_key, conn.config, _names(conn), numbers)


def _shipment(conn: ConnectionContext, claimed: Claimed) -> Json:
    return mapping.shipment(claimed.message, claimed.effect_key, conn.config, _names(conn))


def _counting(conn: ConnectionContext, claimed: Claimed) -> Json:
    return mapping.count(claimed.message, claimed.effect_key, conn.config, _names(conn))


BODIES: dict[str, tuple[str, Callable[[ConnectionContext, Claimed], Json]]] = {
    ANNOUNCE: ("/v1/inbound-notices", _notice),
    PLACE: ("/v1/placements", _placement),
    SHIP: ("/v1/shipments", _shipment),
    COUNT: ("/v1/counts", _counting),
}
SENDERS = {ANNOUNCE: _announce, WITHDRAW: _withdraw, PLACE: _place, SHIP: _ship, COUNT: _count}


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

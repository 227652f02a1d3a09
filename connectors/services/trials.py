"""Try a changed mapping on messages of the past, then activate exactly what was tried."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.access import access_connection
from connectors.context import as_it_would_be
from connectors.failures import VendorFailure
from connectors.models import Connection, InboxKind, InboxMessage, InboxStatus, MappingTrial
from connectors.protocol import ConnectionContext, Connector
from connectors.registry import connector_of
from connectors.rendering import Reading, Verdict, as_claimed, rendered, shown, understood, verdict_of
from connectors.services.checking import checked_mapping
from connectors.services.configuring import apply, keep
from connectors.services.tried import hash_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid, NotFound

USUAL, MOST = 25, 100
# Trials that are kept for a connection besides those that were activated.
KEPT = 20
DEAD, DELIVERED = "dead", "delivered"
Pair = tuple[ConnectionContext, ConnectionContext]


@dataclass(frozen=True)
class Finding:
    """One message that the change does not leave as it is. `way` is out or in, `id` the delivery's or message's."""

    way: str
    state: str
    verdict: str
    id: str
    what: str
    number: str
    before: str
    after: str


@transaction.atomic
def try_mapping(*, actor: Actor, connection_id: UUID, mapping: Mapping[str, Any], last: int = USUAL) -> MappingTrial:
    """Run the mapping over the last stopped and the last delivered messages (`last` of each, at most 100), out and in.

    Nothing is sent and no command runs. Raises Denied, NotFound, Invalid (the vendor's schema does not take it, or it
    is the present one), Conflict (its config is not one that the vendor's schema takes any more).
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE)
    connector = connector_of(connection.vendor)
    wanted = checked_mapping(connector, mapping)
    if wanted == connection.mapping:
        raise Invalid("Nothing is changed.", errors=[FieldError("/mapping", "This is the mapping in force.")])
    found = list(_findings(connector, connection, _pair(connection, wanted), max(1, min(last, MOST))))
    counts: Counter[str] = Counter(f"{each.state}.{each.verdict}" for each in found)
    _forget_old(connection)
    return MappingTrial.objects.create(
        connection=connection,
        mapping=wanted,
        mapping_hash=hash_of(wanted),
        config_version=connection.config_version,
        mapping_version=connection.mapping_version,
        counts=dict(counts),
        findings=[asdict(each) for each in found if each.verdict != Verdict.SAME],
        tried_by=actor.key,
    )


def _pair(connection: Connection, wanted: Mapping[str, Any]) -> Pair:
    try:
        present = as_it_would_be(connection, config=connection.config, mapping=connection.mapping)
    except VendorFailure as failure:
        raise Conflict(f"Its configuration cannot be used; mend that first: {failure.message}") from failure
    return present, replace(present, mapping=wanted)


def _findings(connector: Connector, connection: Connection, pair: Pair, last: int) -> Iterator[Finding]:
    for state, status in ((DEAD, DeliveryStatus.DEAD), (DELIVERED, DeliveryStatus.DELIVERED)):
        yield from (_sent(connector, pair, state, delivery) for delivery in _deliveries(connection, status, last))
    for state, stored in ((DEAD, InboxStatus.DEAD), (DELIVERED, InboxStatus.DONE)):
        for message in _messages(connection, stored, last):
            if (taken := _taken(connector, pair, state, message)) is not None:
                yield taken


def _deliveries(connection: Connection, status: DeliveryStatus, last: int) -> Sequence[Delivery]:
    rows = Delivery.objects.filter(destination=connection.destination_id, status=status)
    return list(rows.select_related("event", "destination").order_by("-id")[:last])


def _messages(connection: Connection, status: InboxStatus, last: int) -> Sequence[InboxMessage]:
    rows = InboxMessage.objects.filter(connection=connection, status=status).exclude(kind=InboxKind.ANSWER)
    # Bodies are forgotten after a time; nothing can be read of those.
    return list(rows.exclude(body=b"").order_by("-id")[:last])


def _sent(connector: Connector, pair: Pair, state: str, delivery: Delivery) -> Finding:
    claimed = as_claimed(delivery)
    before, after = (rendered(connector, conn, claimed) for conn in pair)
    number = str(claimed.message.get("number", ""))
    return _finding("out", state, str(delivery.id), delivery.operation, number, before, after)


def _taken(connector: Connector, pair: Pair, state: str, message: InboxMessage) -> Finding | None:
    before, after = (understood(connector, conn, message) for conn in pair)
    if before == after == Reading():
        return None
    return _finding("in", state, str(message.id), message.topic, message.message_id, before, after)


def _finding(way: str, state: str, id: str, what: str, number: str, before: Reading, after: Reading) -> Finding:
    verdict = verdict_of(before, after)
    same = verdict is Verdict.SAME
    return Finding(way, state, verdict, id, what, number, "" if same else shown(before), "" if same else shown(after))


def _forget_old(connection: Connection) -> None:
    """Drop trials that nobody activated, beyond the last few: they hold copies of messages."""
    idle = MappingTrial.objects.filter(connection=connection, activated_at=None).order_by("-tried_at")
    MappingTrial.objects.filter(pk__in=list(idle.values_list("pk", flat=True)[KEPT - 1 :])).delete()


@transaction.atomic
def activate_mapping(
    *, actor: Actor, connection_id: UUID, trial_id: UUID, mapping_hash: str, reason: str
) -> Connection:
    """Put the tried mapping in force. `mapping_hash` is that of the trial which the person has read.

    Raises Denied, NotFound, Invalid (no reason), Conflict (another mapping was tried, or config or mapping moved on
    since: try again).
    """
    connection = access_connection(actor, connection_id, Permission.CONNECTIONS_MANAGE, lock=True)
    trial = MappingTrial.objects.select_for_update().filter(pk=trial_id, connection=connection).first()
    if trial is None:
        raise NotFound("There is no such trial.")
    if not reason.strip():
        raise Invalid("A reason is required.", errors=[FieldError("/reason", "A reason is required.")])
    _refuse_other(connection, trial, mapping_hash)
    wanted = checked_mapping(connector_of(connection.vendor), trial.mapping)
    trial.activated_at = now()
    trial.save(update_fields=["activated_at"])
    keep(connection, apply(connection, {"mapping": wanted}), actor, reason, "mapping_activated")
    return connection


def _refuse_other(connection: Connection, trial: MappingTrial, mapping_hash: str) -> None:
    if mapping_hash != trial.mapping_hash or hash_of(trial.mapping) != trial.mapping_hash:
        raise Conflict("Another mapping was tried than this one.", code="trial-differs")
    if (trial.config_version, trial.mapping_version) != (connection.config_version, connection.mapping_version):
        raise Conflict("The connection was changed since this trial: try the mapping again.", code="trial-outdated")


def latest_trials(connection: Connection, limit: int = 5) -> Sequence[MappingTrial]:
    """Return the last trials, without what they found."""
    return list(connection.trials.defer("findings").order_by("-tried_at")[:limit])

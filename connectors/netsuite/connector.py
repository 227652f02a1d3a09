"""NetSuite: credit memos, and return authorizations where wanted. It receives nothing: its answers are its word."""

from typing import ClassVar
from uuid import UUID

from connectors.answers import Answer
from connectors.failures import VendorFailure, delivered
from connectors.models import InboxMessage
from connectors.netsuite import mapping
from connectors.netsuite.client import NetSuiteClient
from connectors.netsuite.config import NetSuiteConfig, NetSuiteMapping
from connectors.netsuite.mapping import Unmapped
from connectors.protocol import (
    ConnectionContext,
    Connector,
    Health,
    Operation,
    Rendered,
    Route,
    SecretSpec,
    Translated,
    key_of_subject,
    switched_on,
)
from retailops.events.enums import OutcomeClass
from retailops.events.transport import Claimed, Finding, Outcome
from returns.services.credit_memos import record_credit_memo

MEMO = "credit_memo.post"
AUTHORIZATION = "return_authorization.put"
RECORDS = {MEMO: "creditMemo", AUTHORIZATION: "returnAuthorization"}
RENDER = {MEMO: mapping.credit_memo, AUTHORIZATION: mapping.return_authorization}


class NetSuite(Connector):
    """The ERP's ledger. Every record is put under our external id, so that a repeat never makes a second one."""

    vendor = "netsuite"
    label = "NetSuite"
    proven = "conforms to documentation"
    Config = NetSuiteConfig
    MappingSchema = NetSuiteMapping
    secrets = (
        SecretSpec("private_key", "Private key of the certificate (PEM, RSA)", required=False, multiline=True),
        SecretSpec("client_secret", "Client secret, where a gateway takes one", required=False),
    )
    operations: ClassVar = {
        MEMO: Operation(MEMO, repeat_safe=True, effect_kind="credit_memo", money=True),
        AUTHORIZATION: Operation(AUTHORIZATION, repeat_safe=True, effect_kind="return_authorization"),
    }
    routes = (
        Route("credit_memo.queued", MEMO),
        Route(
            "return.authorized",
            AUTHORIZATION,
            serves=switched_on("sync_return_authorizations"),
            effect_key=key_of_subject("rma"),
        ),
    )
    # An account has five concurrent requests by default, shared with everything else that calls it.
    limits: ClassVar = {"max_in_flight": 4, "rate_per_second": 10.0, "burst": 10}

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        """Put the record, then read it back: the total that NetSuite computed must be the money that moved."""
        client = NetSuiteClient(conn, claimed.timeout_seconds)
        kind, key = RECORDS[claimed.operation], mapping.external_id(claimed.effect_key)
        # Tried before, outcome unknown: what is there and right is not written again.
        present = client.find(kind, key) if claimed.attempt_no > 1 else None
        if present is None or not _agrees(claimed, present):
            client.upsert(kind, key, _rendered(conn, claimed))
            present = client.find(kind, key)
        if present is None:
            raise VendorFailure(OutcomeClass.TRANSIENT, "not_there_yet", "NetSuite took it and does not show it yet.")
        _check_total(claimed, present)
        return delivered(claimed, mapping.reference_of(present), _told(present))

    def render(self, conn: ConnectionContext, claimed: Claimed) -> Rendered:
        """Return the record as it is put under our external id."""
        record = RECORDS[claimed.operation]
        return Rendered(f"PUT /{record}/eid:{mapping.external_id(claimed.effect_key)}", _rendered(conn, claimed))

    def find(self, conn: ConnectionContext, claimed: Claimed) -> Finding:
        """Look the record up by its external id; one with another total is not the effect that was meant."""
        client = NetSuiteClient(conn, claimed.timeout_seconds)
        present = client.find(RECORDS[claimed.operation], mapping.external_id(claimed.effect_key))
        if present is None:
            return Finding(present=False, evidence={"external_id": mapping.external_id(claimed.effect_key)})
        if not _agrees(claimed, present):
            return Finding(present=None, evidence=_told(present))
        return Finding(True, mapping.reference_of(present), _told(present), _told(present))

    def translate_answer(self, conn: ConnectionContext, message: InboxMessage) -> Translated | None:
        """Tell the domain the ERP's number of a posted memo."""
        answer = Answer.of(message)
        if answer.operation == MEMO:
            record_credit_memo(
                actor=conn.actor,
                memo_id=UUID(answer.message["memo_id"]),
                external_reference=answer.external_reference,
            )
        return Translated(answer.correlation_id, {"reference": answer.external_reference})

    def check(self, conn: ConnectionContext) -> Health:
        """Ask for a token and read one record."""
        NetSuiteClient(conn, conn.timeout_seconds).ping()
        return Health(ok=True, detail="The token was granted and the role may read credit memos.")


def _rendered(conn: ConnectionContext, claimed: Claimed) -> mapping.Json:
    names = NetSuiteMapping.model_validate(dict(conn.mapping))
    try:
        return RENDER[claimed.operation](claimed.message, claimed.effect_key, conn.config, names)
    except Unmapped as error:
        raise VendorFailure(OutcomeClass.CONTRACT, "unmapped", str(error)) from error


def _agrees(claimed: Claimed, record: mapping.Json) -> bool:
    """Tell whether the record is the one that was meant; only a memo has a total to compare."""
    if claimed.operation != MEMO:
        return True
    moved: int = claimed.message["amount"]
    return mapping.total_of(record, claimed.message["currency"]) == moved


def _check_total(claimed: Claimed, record: mapping.Json) -> None:
    if not _agrees(claimed, record):
        told = f"{mapping.reference_of(record)} totals {record['total']}, not {claimed.message['amount']} minor units."
        raise VendorFailure(OutcomeClass.CONTRACT, "memo_total_differs", told)


def _told(record: mapping.Json) -> mapping.Json:
    names = ("id", "tranId", "externalId", "total")
    return {name: record[name] for name in names if name in record}


CONNECTOR = NetSuite()

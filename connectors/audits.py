"""Proofs over the whole database: effects in the outside world, and an inbox in which nothing is stuck."""

from collections.abc import Iterator

from retailops.events.raw_sql import fetch
from retailops.lib.audit import Breach, register_audit

STUCK_SECONDS = 3600


def register() -> None:
    """Register the audits of this layer."""
    register_audit("every delivered effect is confirmed in the ledger", unconfirmed_effects, invariant="14")
    register_audit("one confirmed effect per business key", doubled_effects, invariant="14")
    register_audit("no inbox message is stuck", stuck_messages, invariant="15")
    register_audit("every stopped inbox message has an open case", silent_messages, invariant="20")


def unconfirmed_effects() -> Iterator[Breach]:
    """Yield deliveries that are done while the ledger does not confirm their effect."""
    rows = fetch(
        """
        SELECT d.id::text, d.operation, d.effect_key, coalesce(f.status, 'missing')
        FROM events_delivery d LEFT JOIN events_effect f ON f.id = d.effect_id
        WHERE d.status = 'delivered' AND (
            (d.effect_id IS NOT NULL AND f.status NOT IN ('confirmed', 'reversed'))
            OR (d.effect_id IS NULL AND d.operation = 'refund.create'))
        """,
        {},
    )
    for id, operation, key, status in rows:
        yield Breach(f"delivery {id}", f"{operation} {key} is delivered, its effect is {status}")


def doubled_effects() -> Iterator[Breach]:
    """Yield business keys that are confirmed at more than one destination."""
    rows = fetch(
        """
        SELECT kind, business_key, count(*) FROM events_effect
        WHERE status = 'confirmed' GROUP BY kind, business_key HAVING count(*) > 1
        """,
        {},
    )
    for kind, key, count in rows:
        yield Breach(f"{kind} {key}", f"is confirmed {count} times")


def stuck_messages() -> Iterator[Breach]:
    """Yield messages that have been due for an hour and were not taken."""
    rows = fetch(
        """
        SELECT m.id::text, c.name, m.topic, m.status FROM connectors_inboxmessage m
        JOIN connectors_connection c ON c.id = m.connection_id
        WHERE m.status IN ('pending', 'waiting')
          AND m.next_try_at < clock_timestamp() - make_interval(secs => %(seconds)s)
        """,
        {"seconds": STUCK_SECONDS},
    )
    for id, name, topic, status in rows:
        yield Breach(f"message {id}", f"{name} {topic} is {status} and has been due for more than an hour")


def silent_messages() -> Iterator[Breach]:
    """Yield stopped messages that nobody was told of."""
    rows = fetch(
        """
        SELECT m.id::text, c.name, m.topic FROM connectors_inboxmessage m
        JOIN connectors_connection c ON c.id = m.connection_id
        WHERE m.status = 'dead' AND NOT EXISTS (
            SELECT 1 FROM cases_case k WHERE k.status = 'open' AND k.dedupe_key = 'inbox:' || m.id::text)
        """,
        {},
    )
    for id, name, topic in rows:
        yield Breach(f"message {id}", f"{name} {topic} is stopped without an open case")

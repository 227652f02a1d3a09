"""What verdicts rest on, read for many deliveries at once: a fixed number of statements, whatever their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import LiteralString
from uuid import UUID

from retailops.events.enums import OutcomeClass
from retailops.events.models import Delivery
from retailops.events.raw_sql import fetch


@dataclass(frozen=True)
class Ahead:
    """The first open delivery before one in its lane, and the id of the one right before it."""

    id: UUID
    operation: str
    status: str
    nearest: UUID


@dataclass(frozen=True)
class Facts:
    """Which of some deliveries are being sent, what is ahead of each, and the versions that each last failed with.

    `versions` are (configuration, mapping), of contract failures alone.
    """

    leased: frozenset[UUID] = frozenset()
    ahead: Mapping[UUID, Ahead] = field(default_factory=dict)
    versions: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)
    # The present versions of destinations, as they were first asked for.
    present: dict[UUID, tuple[int, int] | None] = field(default_factory=dict)


_LEASED: LiteralString = """
SELECT l.delivery_id FROM events_delivery d
JOIN events_lease l ON l.destination_id = d.destination_id AND l.lane_key = d.lane_key AND l.delivery_id = d.id
WHERE d.id = ANY(%(ids)s::uuid[]) AND l.expires_at IS NOT NULL
"""
_EARLIER: LiteralString = """
FROM events_delivery e WHERE e.destination_id = d.destination_id AND e.lane_key = d.lane_key
 AND e.lane_seq < d.lane_seq AND e.status IN ('ready', 'in_doubt', 'dead') ORDER BY e.lane_seq
"""
_AHEAD: LiteralString = (
    "SELECT d.id, f.id, f.operation, f.status, n.id FROM events_delivery d "  # noqa: S608  # constants of our own
    "JOIN events_destination t ON t.id = d.destination_id AND t.dead_blocks_lane "
    "CROSS JOIN LATERAL (SELECT e.id, e.operation, e.status " + _EARLIER + " LIMIT 1) f "
    "CROSS JOIN LATERAL (SELECT e.id " + _EARLIER + " DESC LIMIT 1) n WHERE d.id = ANY(%(ids)s::uuid[])"
)
_VERSIONS: LiteralString = """
SELECT d.id, a.config_version, a.mapping_version FROM unnest(%(ids)s::uuid[]) AS d(id)
CROSS JOIN LATERAL (SELECT config_version, mapping_version FROM events_attempt
                    WHERE delivery_id = d.id ORDER BY attempt_no DESC, recorded_at DESC LIMIT 1) a
"""


def gather(deliveries: Sequence[Delivery]) -> Facts:
    """Return the facts of the deliveries in at most three statements."""
    ids = [delivery.id for delivery in deliveries]
    unfit = [d.id for d in deliveries if d.failure_class == OutcomeClass.CONTRACT and d.payload is None]
    return Facts(
        frozenset(row[0] for row in fetch(_LEASED, {"ids": ids})),
        {row[0]: Ahead(*row[1:]) for row in fetch(_AHEAD, {"ids": ids})},
        {id: (config, mapping) for id, config, mapping in fetch(_VERSIONS, {"ids": unfit})} if unfit else {},
    )


def last_mapping_versions(ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return of each delivery that was tried the version of the mapping that its last try was made with."""
    return {id: mapping for id, _, mapping in fetch(_VERSIONS, {"ids": list(ids)}) if mapping}


def last_mapping_version(id: UUID) -> int | None:
    """Return the same of one delivery; None where it was never tried."""
    return last_mapping_versions([id]).get(id)

"""Which mapping was tried on messages of the past, with the connection as it is now."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from connectors.models import Connection, MappingTrial
from retailops.lib.errors import Conflict


def hash_of(mapping: Mapping[str, Any]) -> str:
    """Return what tells one mapping from another; the order of its members does not matter."""
    return hashlib.sha256(json.dumps(mapping, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def trial_of(connection: Connection, mapping: Mapping[str, Any]) -> MappingTrial | None:
    """Return the newest trial of exactly this mapping, with config and mapping as they are now."""
    rows = connection.trials.filter(
        mapping_hash=hash_of(mapping), config_version=connection.config_version,
        mapping_version=connection.mapping_version,
    )  # fmt: skip
    return rows.order_by("-tried_at").first()


def needs_trial(connection: Connection, mapping: Mapping[str, Any]) -> bool:
    """Tell whether the mapping would come into force without anybody having seen what it does."""
    return dict(mapping) != connection.mapping and trial_of(connection, mapping) is None


def require_tried(connection: Connection, mapping: Mapping[str, Any]) -> None:
    """Refuse a mapping that differs from the one in force and was not tried. Raises Conflict."""
    if needs_trial(connection, mapping):
        detail = "That version has another mapping: try it on messages of the past first, then go back."
        raise Conflict(detail, code="mapping-untried")

"""The hash of a plan: over all that was frozen. Whoever executes presents it, and an approval is bound to it."""

import hashlib
import json
from typing import Any

from retailops.replays.models import BulkItem, BulkOperation

_COLUMNS = (
    "position", "subject_id", "fence", "status", "amount", "currency", "verdict", "next_verdict", "after_id", "acts",
    "sends",
)  # fmt: skip


def hash_of(operation: BulkOperation) -> str:
    """Return the SHA-256 over selection, rules and each item with its verdict and money, in their order."""
    digest = hashlib.sha256(_line([str(operation.id), operation.kind, operation.filter, operation.rules]))
    if operation.given:
        digest.update(_line([operation.given]))
    digest.update(_line([operation.cut_off.isoformat(), operation.total]))
    for row in BulkItem.objects.filter(operation=operation).order_by("position").values_list(*_COLUMNS).iterator(5000):
        digest.update(_line(row))
    return digest.hexdigest()


def _line(values: Any) -> bytes:
    return json.dumps(list(values), sort_keys=True, separators=(",", ":"), default=str).encode() + b"\n"

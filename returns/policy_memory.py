"""The policies in force, remembered by a process as long as their stamp is the same (docs/decisions/0034)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from returns.policy import Policy, policy_of


@dataclass(frozen=True)
class Remembered:
    """Policies and the stamp that they stood under; without a stamp nothing is remembered."""

    stamp: UUID | None
    policies: Sequence[Policy]


_newest = Remembered(None, ())


def remembered() -> Remembered:
    """Return what the process remembers. Keep it while you ask: another thread may learn of newer ones meanwhile."""
    return _newest


def policies_now(mine: Remembered, stamp: UUID | None, told: Sequence[Mapping[str, Any]] | None) -> Sequence[Policy]:
    """Return the policies of a stamp: those of `mine` when it is theirs, else as `told` together with it."""
    global _newest
    if stamp is not None and stamp == mine.stamp:
        return mine.policies
    policies = [policy_of(row) for row in told or ()]
    _newest = Remembered(stamp, policies)
    return policies

"""What a stage finds, before it is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciliation.models import Stage


@dataclass(frozen=True)
class Found:
    """Items that belong together and why; `runner_up` was next best, `margin` minor units further away."""

    stage: Stage
    items: Sequence[int]
    key_type: str = ""
    key_value: str = ""
    runner_up: int | None = None
    margin: int | None = None
    reason: str = ""

"""Faults that a person or a test switches on, per system; they are kept with the state."""

import random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.store import Store

KINDS = {
    "error_500": "answers 500 before doing anything; with after_effect true, after doing it",
    "throttle_429": "answers 429 with Retry-After retry_after_s",
    "slow": "waits ms before doing anything",
    "reset": "closes the connection before doing anything",
    "lost_answer": "does it, then holds the connection for hang_ms and closes it without an answer",
    "unauthorized": "refuses the credential",
    "pending": "leaves new refunds (Stripe) and placements (WMS) pending until settled",
    "duplicate_webhooks": "sends each webhook twice",
    "reorder_webhooks": "holds webhooks for window_ms and sends them in reverse order",
    "drop_webhooks": "never sends the webhook (redeliver can)",
}


class Fault(BaseModel):
    """One active fault. `times` None is without end; an empty `operations` means every operation that it can hit."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=0)
    operations: list[str] = []
    retry_after_s: int = Field(default=1, ge=0)
    ms: int = Field(default=500, ge=0)
    hang_ms: int = Field(default=0, ge=0)
    window_ms: int = Field(default=300, ge=1)
    after_effect: bool = False

    def hits(self, kind: str, operation: str, *, reads: bool) -> bool:
        if self.kind != kind or self.times == 0:
            return False
        if self.operations:
            return operation in self.operations
        # An answer is worth losing only where something was done; a look-up must stay able to find it.
        return not (kind == "lost_answer" and reads)


FAULTS = TypeAdapter(list[Fault])


class FaultDesk:
    """Which faults are active; deciding whether one strikes uses up its budget."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._active: dict[str, list[Fault]] = {}

    def active(self, system: str) -> list[Fault]:
        if system not in self._active:
            self._active[system] = FAULTS.validate_python(self._store.setting(system, "faults") or [])
        return self._active[system]

    def replace(self, system: str, value: Any) -> list[Fault]:
        """Replace all faults of a system. Raises BadRequest for an unknown kind or a bad value."""
        items = value.get("faults", []) if isinstance(value, dict) else value
        try:
            faults = FAULTS.validate_python(items)
        except ValidationError as error:
            raise BadRequest(error.errors()[0]["msg"]) from error
        if unknown := sorted({fault.kind for fault in faults} - set(KINDS)):
            raise BadRequest(f"Unknown fault {', '.join(unknown)}; known: {', '.join(sorted(KINDS))}")
        self._active[system] = faults
        self._persist(system)
        return faults

    def take(self, system: str, kind: str, operation: str, *, reads: bool = False) -> Fault | None:
        """The fault of this kind that strikes now, or None."""
        for fault in self.active(system):
            if fault.hits(kind, operation, reads=reads) and self._strikes(fault):
                if fault.times is not None:
                    fault.times -= 1
                    self._persist(system)
                return fault
        return None

    def listing(self, system: str) -> list[Json]:
        return [fault.model_dump() for fault in self.active(system)]

    @staticmethod
    def _strikes(fault: Fault) -> bool:
        return fault.probability >= 1 or random.random() < fault.probability  # noqa: S311 - not for secrecy

    def _persist(self, system: str) -> None:
        self._store.put_setting(system, "faults", self.listing(system))

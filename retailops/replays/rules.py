"""How a plan runs: canary waves, rate, stop rule."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from retailops.lib.errors import FieldError, Invalid

MOST_WAVES, LARGEST_WAVE = 5, 1000
FASTEST = 200.0


@dataclass(frozen=True)
class Rules:
    """Canary waves (each must get through before the next), then `rate` deliveries a second.

    `as_was`: each request as its last try was rendered; else with the mapping in force. The run stops by itself where
    `stop_percent` of the last tries failed: in the canary from the first, later once `stop_after` were tried.
    """

    canary: tuple[int, ...] = (1, 10)
    rate: float = 20.0
    stop_percent: int = 20
    stop_after: int = 10
    as_was: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return asdict(self) | {"canary": list(self.canary)}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Rules":
        """Return the rules of a stored form; what is missing has its default."""
        given = {name: stored[name] for name in ("rate", "stop_percent", "stop_after", "as_was") if name in stored}
        return cls(**given, canary=tuple(stored.get("canary", cls.canary)))


def require_sound(rules: Rules) -> None:
    """Raise Invalid, naming each rule that cannot be."""
    faults = [*_faults(rules.canary)]
    if not 0.1 <= rules.rate <= FASTEST:
        faults.append(FieldError("/rate", f"Must be 0.1 to {FASTEST:.0f} a second."))
    if not 1 <= rules.stop_percent <= 100:
        faults.append(FieldError("/stop_percent", "Must be 1 to 100."))
    if not 1 <= rules.stop_after <= 1000:
        faults.append(FieldError("/stop_after", "Must be 1 to 1000."))
    if faults:
        raise Invalid("The rules of the run cannot be like that.", errors=faults)


def _faults(canary: Sequence[int]) -> list[FieldError]:
    if len(canary) > MOST_WAVES or any(not 1 <= wave <= LARGEST_WAVE for wave in canary):
        text = f"At most {MOST_WAVES} waves of 1 to {LARGEST_WAVE}."
        return [FieldError("/canary", text)]
    return []

"""Demo mode: the switches that make a sandbox system misbehave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors import sandbox_control


@dataclass(frozen=True)
class Switch:
    """One way to misbehave, in words, and the faults that the sandbox gets."""

    key: str
    label: str
    effect: str
    faults: tuple[Mapping[str, Any], ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of fault that it switches together."""
        return frozenset(str(fault["kind"]) for fault in self.faults)


SWITCHES = (
    Switch(
        "lost_answer",
        "Timeouts after effect",
        "It does it, but neither an answer nor a webhook comes.",
        # A webhook would tell what the lost answer did not, and nothing would be in doubt for long enough to see.
        ({"kind": "lost_answer"}, {"kind": "drop_webhooks"}),
    ),
    Switch("error_500", "Errors", "It answers 500 to everything.", ({"kind": "error_500"},)),
    Switch("throttle_429", "Too many requests", "It answers 429 and wants us to wait.", ({"kind": "throttle_429"},)),
    Switch("slow", "Slow", "It takes two seconds for each answer.", ({"kind": "slow", "ms": 2000},)),
    Switch("reset", "Broken connections", "It hangs up before doing anything.", ({"kind": "reset"},)),
    Switch("unauthorized", "Credential refused", "It does not know us any more.", ({"kind": "unauthorized"},)),
    Switch("duplicate_webhooks", "Webhooks twice", "Each webhook comes two times.", ({"kind": "duplicate_webhooks"},)),
    Switch("reorder_webhooks", "Webhooks in reverse", "Later webhooks come first.", ({"kind": "reorder_webhooks"},)),
)
BY_KEY = {switch.key: switch for switch in SWITCHES}


@dataclass(frozen=True)
class FaultPanel:
    """The switches of one system; `reachable` is False when the sandbox does not answer."""

    on: frozenset[str]
    reachable: bool = True

    @property
    def switches(self) -> list[tuple[Switch, bool]]:
        """Return each switch with whether it is on."""
        return [(switch, switch.key in self.on) for switch in SWITCHES]


def panel(system: str) -> FaultPanel:
    """Return what is switched on now. Makes one HTTP call."""
    try:
        return FaultPanel(frozenset(str(fault["kind"]) for fault in sandbox_control.faults(system)))
    except sandbox_control.SandboxAway:
        return FaultPanel(frozenset(), reachable=False)


def turn(system: str, key: str, on: bool) -> None:
    """Switch one fault on or off and leave the others. Makes two HTTP calls."""
    switch = BY_KEY[key]
    active = [dict(fault) for fault in sandbox_control.faults(system) if fault["kind"] not in switch.kinds]
    if on:
        active += [dict(fault) for fault in switch.faults]
    sandbox_control.set_faults(system, active)

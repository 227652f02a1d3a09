"""A "remote system" that is a folder: each effect is a file, so that another process can see what was really done."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from retailops.events.enums import OutcomeClass
from retailops.events.transport import Claimed, Finding, Outcome, Recorded, register_transport


class FolderTransport:
    """Does an effect by appending a line to its file, then waits as long as the file `delay` says, then answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, batch: Sequence[Claimed]) -> Iterator[Outcome]:
        for claimed in batch:
            with self._file(claimed).open("a") as done:
                done.write(f"{time.time()}\n")
            time.sleep(self._delay())
            yield Outcome(claimed, OutcomeClass.DELIVERED, external_reference=claimed.effect_key)

    def find(self, claimed: Claimed) -> Finding:
        there = self._file(claimed).exists()
        return Finding(there, claimed.effect_key if there else "")

    def recorded(self, records: Sequence[Recorded]) -> None:
        return None

    def times_done(self, effect_key: str) -> int:
        """Return how often the effect was done."""
        path = self.folder / effect_key.replace(":", "_")
        return len(path.read_text().splitlines()) if path.exists() else 0

    def done_at(self, effect_key: str) -> float:
        """Return when (epoch seconds) the effect was first done."""
        return float((self.folder / effect_key.replace(":", "_")).read_text().splitlines()[0])

    def set_delay(self, seconds: float) -> None:
        """Let every answer take that long from now on."""
        (self.folder / "delay").write_text(str(seconds))

    def _delay(self) -> float:
        path = self.folder / "delay"
        return float(path.read_text()) if path.exists() else 0.0

    def _file(self, claimed: Claimed) -> Path:
        return self.folder / claimed.effect_key.replace(":", "_")


def register(**environment: Any) -> FolderTransport:
    """Register the folder named by EFFECTS_FOLDER as the transport of connections and webhooks."""
    transport = FolderTransport(Path(os.environ["EFFECTS_FOLDER"]))
    for kind in ("connection", "webhook"):
        register_transport(kind, transport)
    return transport

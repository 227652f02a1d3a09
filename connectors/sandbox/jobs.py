"""Work that falls due later (a parcel arrives, a placement is confirmed); kept, so that a restart resumes it."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from connectors.sandbox.exchange import Json
from connectors.sandbox.store import Store, dumps, now

log = logging.getLogger("sandbox.jobs")

Work = Callable[[Json], Any]


class JobQueue:
    """Runs each job once, in its own transaction, at or after its due time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._work: dict[tuple[str, str], Work] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def register(self, system: str, kind: str, work: Work) -> None:
        self._work[system, kind] = work

    def schedule(self, system: str, kind: str, payload: Json, delay_s: float) -> None:
        self._store.execute(
            "insert into jobs (system, kind, due, payload) values (?,?,?,?)",
            (system, kind, now() + delay_s, dumps(payload)),
        )
        self._store.after_commit(self._wake.set)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            due = self._run_due()
            try:
                await asyncio.wait_for(self._wake.wait(), due)
            except TimeoutError:
                continue

    def _run_due(self) -> float | None:
        """Run what is due; seconds until the next one, None when there is none."""
        while True:
            row = self._store.execute("select * from jobs order by due, seq limit 1").fetchone()
            if row is None:
                return None
            if (wait := row["due"] - now()) > 0:
                return float(wait)
            try:
                with self._store.transaction():
                    self._store.execute("delete from jobs where seq=?", (row["seq"],))
                    self._work[row["system"], row["kind"]](json.loads(row["payload"]))
            except Exception:
                # One broken job must not stop the others; its work was rolled back, so drop it and say so.
                log.exception("%s job %s failed", row["system"], row["kind"])
                self._store.execute("delete from jobs where seq=?", (row["seq"],))

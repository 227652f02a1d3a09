"""A part of the log as a bundle (ZIP): the rows, the hash of each with its chain, and a manifest of all of it.

The bundle is written to a file on disk, so memory stays small; more than MOST_ROWS is refused rather than cut short.
Its making is an event that holds the hash of the manifest: who has the event can prove the bundle.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.models import DeniedAttempt
from retailops.accounts.permissions import Permission
from retailops.audit_log.chain import GENESIS, Link, canonical, digest, links
from retailops.audit_log.events import AuditExported
from retailops.audit_log.query import AuditQuery, denials_of, events_of
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Unprocessable
from retailops.lib.ids import uuid7

MOST_ROWS = 100_000
IN_MEMORY = 8 * 1024 * 1024
FORMAT = "retailops-audit-export/1"
ABOUT = """An export of the audit log of RetailOps.

events.jsonl, denied.jsonl      one row a line, oldest first
*.links                         for each row its SHA-256, and the SHA-256 over the link before it and this one
manifest.json                   who, when, what was asked for, counts, and the SHA-256 of each file and chain

Check it with: manage.py verify_export FILE
"""


@dataclass(frozen=True)
class Bundle:
    """A finished export: an open file at its beginning, to be closed by whoever sends it."""

    id: UUID
    file: IO[bytes]
    manifest: dict[str, Any]
    manifest_sha256: str

    @property
    def name(self) -> str:
        """Return the name under which it is saved."""
        return f"audit-{self.manifest['made_at'][:10]}-{str(self.id)[-8:]}.zip"


@transaction.atomic
def export_log(actor: Actor, query: AuditQuery) -> Bundle:
    """Write the rows that the query asks for, within the actor's regions and brands, and record that they left.

    Raises Denied, Unprocessable for more than MOST_ROWS.
    """
    require(actor, Permission.AUDIT_EXPORT)
    events = events_of(actor, query, Permission.AUDIT_EXPORT)
    denials = denials_of(actor, query, Permission.AUDIT_EXPORT)
    _refuse_too_many(events, denials)
    id, file = uuid7(), tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the bundle's owner closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        files = {
            "events.jsonl": _write(
                archive, "events.jsonl", events.select_related("remark").order_by("position"), event_line
            ),
            "denied.jsonl": _write(archive, "denied.jsonl", denials.order_by("pk"), denial_line),
        }
        manifest = _manifest(actor, query, id, files)
        text = json.dumps(manifest, indent=2, sort_keys=True)
        archive.writestr("manifest.json", text)
        archive.writestr("README.txt", ABOUT)
    file.seek(0)
    _tell(actor, id, query, files, digest(text))
    return Bundle(id, file, manifest, digest(text))


def _refuse_too_many(*sources: Any) -> None:
    total = sum(rows.order_by().values("pk")[: MOST_ROWS + 1].count() for rows in sources)
    if total > MOST_ROWS:
        raise Unprocessable(f"More than {MOST_ROWS:,} rows: narrow the time, so that nothing is left out unseen.")


def _write(archive: zipfile.ZipFile, name: str, rows: Any, line_of: Callable[[Any], str]) -> dict[str, Any]:
    """Write the rows and then their links; return what the manifest says of both."""
    kept: list[Link] = []
    with archive.open(name, "w") as out:
        written = _noting(kept, (line_of(row) for row in rows.iterator(chunk_size=2000)))
        sha, size = _copy(out, written)
    proofs = "".join(f"{link}\n" for link in kept).encode()
    archive.writestr(links_name(name), proofs)
    return {
        "rows": len(kept), "bytes": size, "sha256": sha, "chain": kept[-1].chain if kept else GENESIS,
        "links_sha256": hashlib.sha256(proofs).hexdigest(),
    }  # fmt: skip


def links_name(name: str) -> str:
    """Return the name of the file that holds the links of a file of rows."""
    return name.removesuffix(".jsonl") + ".links"


def _noting(kept: list[Link], lines: Iterable[str]) -> Iterator[str]:
    seen: list[str] = []

    def passing() -> Iterator[str]:
        for line in lines:
            seen.append(line)
            yield line

    for link in links(passing()):
        kept.append(link)
        yield seen.pop()


def _copy(out: IO[bytes], lines: Iterable[str]) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    for line in lines:
        data = f"{line}\n".encode()
        hashed.update(data)
        size += len(data)
        out.write(data)
    return hashed.hexdigest(), size


def _manifest(actor: Actor, query: AuditQuery, id: UUID, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT, "export_id": str(id), "made_at": now().isoformat(), "made_by": actor.key,
        "made_by_name": actor.label, "filter": query.as_dict(), "scope": _scope(actor), "files": files,
        "genesis": GENESIS,
    }  # fmt: skip


def _scope(actor: Actor) -> list[dict[str, list[str]]]:
    return [
        {"regions": sorted(grant.regions), "brands": sorted(grant.brands)}
        for grant in actor.grants
        if Permission.AUDIT_EXPORT in grant.permissions
    ]


def _tell(actor: Actor, id: UUID, query: AuditQuery, files: dict[str, dict[str, Any]], sha: str) -> None:
    fact = AuditExported(
        str(id), sha, query.as_dict(), events=files["events.jsonl"]["rows"], denials=files["denied.jsonl"]["rows"]
    )
    publish(fact, subject=Subject("audit_export", id, id, str(id)), actor=actor)


def event_line(event: Event) -> str:
    """Return an event as one line."""
    return canonical({
        "id": str(event.id), "position": event.position, "type": event.type, "version": event.version,
        "subject": f"{event.subject_type}/{event.subject_id}", "correlation_id": str(event.correlation_id),
        "causation_id": str(event.causation_id) if event.causation_id else None, "source": event.source,
        "actor": event.actor, "on_behalf_of": event.on_behalf_of, "reason_code": event.reason_code,
        "policy_version": event.policy_version, "region": event.region, "brand": event.brand,
        "channel": event.channel, "data": event.data, "written": event.remark.text if hasattr(event, "remark") else "",
        "occurred_at": event.occurred_at.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
    })  # fmt: skip


def denial_line(attempt: DeniedAttempt) -> str:
    """Return denied attempts as one line."""
    return canonical({
        "id": attempt.pk, "at": attempt.at.isoformat(), "last_at": (attempt.last_at or attempt.at).isoformat(),
        "actor": attempt.actor, "method": attempt.method, "path": attempt.path, "detail": attempt.detail,
        "count": attempt.count, "places": attempt.places,
    })  # fmt: skip

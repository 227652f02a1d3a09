"""Files that show something: what is taken, under which subject, and the hash by which a decision names what it saw.

The domains above say which of their things bear files (`register_subject`): how one is found, and who may add or see.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_approval, access_case
from retailops.cases.events import EvidenceAdded
from retailops.cases.models import EVIDENCE_LIMIT, EvidenceContent, EvidenceFile
from retailops.cases.telling import subject_of
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Denied, FieldError, Invalid, NotFound, Unprocessable, hidden

MOST_FILES = 50
# (first bytes, offset) → type. WebP is a RIFF container whose kind stands at byte 8.
_SIGNATURES = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF-", 0, "application/pdf"),
)
_PRINTABLE_CONTROLS = frozenset("\t\n\r")


@dataclass(frozen=True)
class Bearer:
    """A kind of thing that bears files: how it is found (raising NotFound), who may see its files and who may add."""

    find: Callable[[Actor, UUID], Subject]
    view: Permission
    add: tuple[Permission, ...]


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name and its bytes."""

    name: str
    data: bytes


_bearers: dict[str, Bearer] = {}


def register_subject(kind: str, bearer: Bearer) -> None:
    """Let things of this kind bear files."""
    _bearers[kind] = bearer


def register_own() -> None:
    """Register cases and approvals."""
    work = (Permission.CASES_WORK, Permission.APPROVALS_DECIDE)
    view = Permission.CASES_VIEW
    register_subject("case", Bearer(lambda actor, id: _own("case", subject_of(access_case(actor, id)), id), view, work))
    register_subject(
        "approval",
        Bearer(lambda actor, id: _own("approval", subject_of(access_approval(actor, id)), id), view, work),
    )


def _own(kind: str, about: Subject, id: UUID) -> Subject:
    return Subject(kind, id, about.correlation_id, about.lane, about.region, about.brand, about.channel)


def sniff(data: bytes) -> str:
    """Return what the bytes are; "" for anything that is not kept. What the sender says of them does not count."""
    for mark, offset, content_type in _SIGNATURES:
        if data[offset : offset + len(mark)] == mark:
            return content_type
    return "text/plain" if _is_text(data) else ""


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if text.lstrip("\ufeff \t\r\n").startswith("<"):  # markup may run in a browser
        return False
    return all(each.isprintable() or each in _PRINTABLE_CONTROLS for each in text)


@transaction.atomic
def add_evidence(*, actor: Actor, subject_type: str, subject_id: UUID, upload: Upload) -> EvidenceFile:
    """Keep a file with its subject; the same content again is the file that is there.

    Raises Invalid (empty, too large, a type that is not kept), Unprocessable (too many), NotFound, Denied.
    """
    subject = _access(actor, subject_type, subject_id, adding=True)
    content_type = _checked(upload)
    digest = hashlib.sha256(upload.data).hexdigest()
    rows = EvidenceFile.objects.filter(subject_type=subject_type, subject_id=subject_id)
    known = rows.filter(sha256=digest).first()
    if known is not None:
        return known
    if rows.count() >= MOST_FILES:
        raise Unprocessable(f"It has {MOST_FILES} files already.", code="too-many-files")
    file = EvidenceFile(
        subject_type=subject_type,
        subject_id=subject_id,
        correlation_id=subject.correlation_id,
        region=subject.region,
        brand=subject.brand,
        name=_plain_name(upload.name, content_type),
        content_type=content_type,
        size=len(upload.data),
        sha256=digest,
        uploaded_by=actor.key,
    )
    return _keep(actor, subject, file, upload.data)


def _keep(actor: Actor, subject: Subject, file: EvidenceFile, data: bytes) -> EvidenceFile:
    [kept] = EvidenceFile.objects.bulk_create([file], ignore_conflicts=True)
    same = EvidenceFile.objects.get(subject_type=file.subject_type, subject_id=file.subject_id, sha256=file.sha256)
    if same.id != kept.id:  # sent twice at once
        return same
    EvidenceContent.objects.create(file=file, data=data)
    fact = EvidenceAdded(
        str(file.id), file.subject_type, str(file.subject_id), file.sha256, file.content_type, file.size
    )
    publish(fact, subject=subject, actor=actor)
    return file


def _checked(upload: Upload) -> str:
    size = len(upload.data)
    if not size or size > EVIDENCE_LIMIT:
        most = EVIDENCE_LIMIT // (1024 * 1024)
        raise _wrong("Empty file." if not size else f"A file may have {most} MB at most.", "evidence-size")
    found = sniff(upload.data)
    if not found:
        raise _wrong("Only JPEG, PNG, WebP and GIF pictures, PDF and plain text are kept.", "evidence-type")
    return found


def _wrong(detail: str, code: str) -> Invalid:
    return Invalid(detail, code=code, errors=[FieldError("/file", detail)])


def _plain_name(name: str, content_type: str) -> str:
    """Return a name that is safe in a header and on a disk, with the ending that its content has."""
    endings = {"image/jpeg": ".jpg", "text/plain": ".txt"}
    ending = endings.get(content_type, "." + content_type.rpartition("/")[2])
    stem = "".join(c if c.isalnum() or c in " ._-" else "_" for c in PurePath(name.replace("\\", "/")).stem)
    return (stem.strip(" .")[:100] or "file") + ending


def access_evidence(actor: Actor, file_id: UUID) -> EvidenceFile:
    """Return the file if the actor may see its subject. Raises NotFound."""
    file = EvidenceFile.objects.filter(pk=file_id).first()
    if file is None or not _may_see(actor, file):
        raise hidden()
    return file


def content_of(file: EvidenceFile) -> bytes:
    """Return the bytes of a file that was accessed; raises Conflict where they are not what was kept."""
    data = bytes(EvidenceContent.objects.get(file=file).data)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise Conflict("The file's content is not what was kept: its hash differs.", code="evidence-differs")
    return data


def evidence_of(actor: Actor, subject_type: str, subject_id: UUID) -> list[EvidenceFile]:
    """Return the files of one thing, oldest first. Raises NotFound, Denied."""
    _access(actor, subject_type, subject_id, adding=False)
    return list(EvidenceFile.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("id"))


def evidence_of_story(actor: Actor, correlation_id: UUID) -> list[EvidenceFile]:
    """Return all files of one story that the actor may see, oldest first."""
    rows = EvidenceFile.objects.filter(correlation_id=correlation_id).order_by("id")
    return [file for file in rows if _may_see(actor, file)]


def files_for(subjects: Iterable[tuple[str, UUID]]) -> list[EvidenceFile]:
    """Return the files of several things, oldest first; for callers that have checked who asks."""
    wanted = Q(pk__in=[])
    for kind, id in subjects:
        wanted |= Q(subject_type=kind, subject_id=id)
    return list(EvidenceFile.objects.filter(wanted).order_by("id"))


def digest_of(files: Iterable[EvidenceFile]) -> dict[str, Any]:
    """Return the files by id, name and SHA-256, with one hash over all: what lay before whoever decided."""
    listed = [{"id": str(file.id), "name": file.name, "sha256": file.sha256} for file in files]
    listed.sort(key=lambda each: each["sha256"])
    whole = hashlib.sha256("\n".join(each["sha256"] for each in listed).encode()).hexdigest()
    return {"files": listed, "hash": whole}


def _may_see(actor: Actor, file: EvidenceFile) -> bool:
    bearer = _bearers.get(file.subject_type)
    return bearer is not None and can(actor, bearer.view, region=file.region, brand=file.brand)


def _access(actor: Actor, kind: str, id: UUID, *, adding: bool) -> Subject:
    bearer = _bearers.get(kind)
    if bearer is None:
        raise NotFound("Nothing of this kind bears files.")
    subject = bearer.find(actor, id)
    require(actor, bearer.view, region=subject.region, brand=subject.brand, view=bearer.view)
    if adding and not any(can(actor, each, region=subject.region, brand=subject.brand) for each in bearer.add):
        detail = f"{actor.label} may not add files here."
        raise Denied(detail, region=subject.region, brand=subject.brand, permission=str(bearer.add[0]))
    return subject

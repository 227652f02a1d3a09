"""Evidence: files that show something about a return, a refund, an inspection, an approval or a case."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from pydantic import Field, StringConstraints
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from retailops.accounts.endpoint import Answer, Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.cases import evidence
from retailops.cases.evidence_files import file_response
from retailops.cases.models import EVIDENCE_LIMIT, EvidenceFile
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.openapi import Operation
from retailops.lib.wire import Body, Query, Shape, read_query

MULTIPART = "multipart/form-data"
# What the parts' own headers may add to the file.
ENVELOPE = 64 * 1024
KINDS = "return|refund|inspection|approval|case|case_group"
SubjectName = Annotated[
    str, StringConstraints(pattern=rf"^({KINDS})/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$")
]


class EvidenceUpload(Body):
    """A file and what it is about."""

    subject: SubjectName = Field(
        description="Kind and id of what it is about.", examples=["refund/01970000-0000-7000-8000-000000000000"]
    )
    file: bytes = Field(description="JPEG, PNG, WebP, GIF, PDF or plain text, 10 MB at most.")


class EvidenceQuery(Query):
    """Whose files."""

    subject: SubjectName


class EvidenceShape(Shape):
    """A file that was kept. Its type is what its bytes are; its content never changes."""

    id: UUID
    subject: str
    correlation_id: UUID
    name: str
    content_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime


class EvidenceList(Shape):
    """All files of one thing, oldest first; `hash` names exactly this set, for a decision upon it."""

    results: list[EvidenceShape]
    hash: str


def evidence_shape(file: EvidenceFile) -> EvidenceShape:
    """Return one file without its content."""
    return EvidenceShape.build(
        id=file.id, subject=f"{file.subject_type}/{file.subject_id}", correlation_id=file.correlation_id,
        content_type=file.content_type, size=file.size, sha256=file.sha256, uploaded_by=file.uploaded_by,
        name=file.name,
        uploaded_at=file.uploaded_at,
    )  # fmt: skip


class EvidenceFiles(CommandEndpoint):
    """Files of one thing."""

    def inputs(self, spec: Operation, request: Request) -> dict[str, Any]:
        """Read the parts of a multipart body. Raises Invalid, UnsupportedMediaType, RequestDataTooBig."""
        if request.method != "POST":
            return super().inputs(spec, request)
        if not str(request.content_type or "").startswith(MULTIPART):
            raise UnsupportedMediaType(request.content_type or "none", detail=f"Send {MULTIPART}.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > EVIDENCE_LIMIT + ENVELOPE:
            raise RequestDataTooBig(f"A file may have {EVIDENCE_LIMIT // 1024**2} MB at most.")
        return {"body": _parts(request._request)}

    @operation(
        id="addEvidence", summary="Add a file of evidence", tag="Evidence", permission=Permission.RETURNS_VIEW,
        bodies={MULTIPART: EvidenceUpload}, answers={201: EvidenceShape}, problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, body: tuple[str, evidence.Upload]) -> EvidenceShape:
        """Keep a file with its subject. The same content again answers the file that is there. What a file is, is read
        from its bytes; anything but pictures, PDF and plain text is refused."""
        kind, id = _subject(body[0])
        return evidence_shape(evidence.add_evidence(actor=self.actor, subject_type=kind, subject_id=id, upload=body[1]))

    @operation(
        id="listEvidence", summary="Files of one thing", tag="Evidence", permission=Permission.RETURNS_VIEW,
        query=EvidenceQuery, answers={200: EvidenceList}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, query: EvidenceQuery) -> EvidenceList:
        """Without their content, oldest first."""
        files = evidence.evidence_of(self.actor, *_subject(query.subject))
        return EvidenceList.build(
            results=[evidence_shape(file) for file in files], hash=evidence.digest_of(files)["hash"]
        )


class EvidenceContentEndpoint(Endpoint):
    """The bytes of one file."""

    @operation(
        id="getEvidenceContent", summary="Download a file of evidence", tag="Evidence",
        permission=Permission.RETURNS_VIEW, answers={200: None}, problems=(409,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> Answer:
        """Always as an attachment, of the type that its bytes are. 409 where they are not what was kept."""
        return Answer(evidence.access_evidence(self.actor, id))

    def perform(self, spec: Operation, request: Request, call: Any) -> HttpResponse:
        """Answer the bytes."""
        return file_response(call().body)


def _subject(text: str) -> tuple[str, UUID]:
    kind, _, id = text.partition("/")
    return kind, UUID(id)


def _parts(request: HttpRequest) -> tuple[str, evidence.Upload]:
    unknown = [name for name in (*request.POST, *request.FILES) if name not in {"subject", "file"}]
    faults = [FieldError(f"/{name}", "Unknown field.") for name in unknown]
    sent = request.FILES.getlist("file")
    if len(sent) != 1:
        faults.append(FieldError("/file", "One file must be sent."))
    if faults:
        raise Invalid("See `errors` for each field.", errors=faults)
    named = read_query(EvidenceQuery, {"subject": request.POST.get("subject", "")})
    return named.subject, evidence.Upload(sent[0].name or "", sent[0].read())

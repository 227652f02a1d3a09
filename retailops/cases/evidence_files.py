"""Files of evidence in and out of HTTP."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse

from retailops.cases.evidence import Upload, content_of
from retailops.cases.models import EVIDENCE_LIMIT, EVIDENCE_TYPES, EvidenceFile


def file_response(file: EvidenceFile) -> HttpResponse:
    """Return the bytes of an accessed file so that no browser runs them: an attachment of exactly its type. A
    picture still shows where a page of ours asks for it as one. Raises Conflict (forged)."""
    response = HttpResponse(content_of(file), content_type=file.content_type)
    plain = file.name.encode("ascii", "replace").decode().replace("?", "_")
    response["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600, immutable"
    response["ETag"] = f'"{file.sha256}"'
    return response


def uploads_of(files: Iterable["UploadedFile[Any]"]) -> list[Upload]:
    """Return the files of a form; no more of each is read than is needed to see that it is too large."""
    return [Upload(file.name or "", bytes(file.read(EVIDENCE_LIMIT + 1))) for file in files]


class FilesInput(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Files of evidence; its clean value is a list of uploads."""

    widget = FilesInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Pictures, PDF or plain text, 10 MB each at most.")
        super().__init__(**kwargs)
        self.widget.attrs.update({"accept": ",".join(EVIDENCE_TYPES), "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        """Return the uploads. Raises ValidationError where one is required and none was sent."""
        sent = [each for each in (data if isinstance(data, list | tuple) else [data]) if each]
        if not sent:
            super().clean(None, initial)
        return uploads_of(sent)

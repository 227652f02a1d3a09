"""Send a bundle, and close its file when the last of it is out."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from retailops.audit_log.export import Bundle

CHUNK = 64 * 1024


def sent(bundle: Bundle) -> StreamingHttpResponse:
    """Return the answer that saves the bundle under its name."""
    headers = {"Content-Disposition": f'attachment; filename="{bundle.name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_chunks(bundle), content_type="application/zip", headers=headers)


def _chunks(bundle: Bundle) -> Iterator[bytes]:
    with bundle.file:
        while chunk := bundle.file.read(CHUNK):
            yield chunk

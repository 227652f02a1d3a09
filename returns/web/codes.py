"""Codes that are scanned, drawn on the server so that they print and need no script."""

import io

import qrcode  # type: ignore[import-untyped]  # it has no types
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]  # as above


def qr_picture(text: str) -> str:
    """Return the text as a QR code: an SVG, black on white in every theme, because scanners want that."""
    picture = qrcode.make(text, image_factory=SvgPathFillImage, box_size=6, border=2)
    out = io.BytesIO()
    picture.save(out)
    return str(out.getvalue().decode().partition("?>")[2])

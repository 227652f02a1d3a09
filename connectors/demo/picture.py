"""A picture for evidence, drawn here: a rug seen from above with a torn seam."""

import struct
import zlib
from collections.abc import Iterator

WIDTH, HEIGHT = 480, 320
WOOL, STRIPE, FRINGE, TEAR, FLOOR = b"\xb9\x8f\x6c", b"\x8a\x5a\x44", b"\xe9\xdc\xc7", b"\x2b\x22\x1d", b"\xd8\xd3\xcb"
MARGIN = 40


def torn_rug() -> bytes:
    """Return the picture as PNG."""
    rows = b"".join(b"\x00" + b"".join(_row(y)) for y in range(HEIGHT))
    header = struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _row(y: int) -> Iterator[bytes]:
    for x in range(WIDTH):
        inside = MARGIN <= x < WIDTH - MARGIN and MARGIN <= y < HEIGHT - MARGIN
        fringe = MARGIN <= y < HEIGHT - MARGIN and (MARGIN - 12 <= x < WIDTH - MARGIN + 12) and y % 6 < 3
        middle = WIDTH * 2 // 3 + (y % 24 - 12) // 3
        torn = inside and abs(x - middle) < (y - HEIGHT // 2) // 8
        yield TEAR if torn else _wool(x, y) if inside else FRINGE if fringe else FLOOR


def _wool(x: int, y: int) -> bytes:
    return STRIPE if (x // 28) % 3 == 0 or (x + y) % 16 == 0 else WOOL


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

"""Pictures for evidence."""

import struct
import zlib


def picture(color: bytes = b"\x8f\xa6\xb8") -> bytes:
    """Return a small picture (PNG) of one color."""
    rows = b"".join(b"\x00" + color * 72 for _ in range(56))
    parts = ((b"IHDR", struct.pack(">2I5B", 72, 56, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

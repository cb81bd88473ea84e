r"""The bytes of a segment, version 1.

::

    segment   = head *frame *%x00     ; zeros are room taken in advance, nothing is written there yet
    head      = "clicktrail journal 1" LF
    frame     = length checksum line
    length    = 4 bytes, little-endian: bytes of the line
    checksum  = 4 bytes, little-endian: CRC-32 (that of zlib) of length and line
    line      = one encoded event, any bytes, no newline needed

The checksum covers the length, so that eight zeros are no frame, not even that of an empty line. A frame that is cut
off or whose checksum is wrong ends what can be read of a segment: nothing behind it was ever confirmed, since a batch
is confirmed only when everything up to its end is on disk.
"""

import struct
import zlib

__all__ = ["HEAD", "OVERHEAD", "announced", "pack", "unpack"]

HEAD = b"clicktrail journal 1\n"
"""What a segment begins with; another version of the format changes the number."""

OVERHEAD = 8
"""Bytes that a frame takes beside its line."""

_LENGTH = struct.Struct("<I")
_PREFIX = struct.Struct("<II")


def pack(line: bytes) -> bytes:
    """The frame of a line shorter than 4 GiB."""
    length = len(line)
    return _PREFIX.pack(length, zlib.crc32(line, zlib.crc32(_LENGTH.pack(length)))) + line


def unpack(data: bytes, *, limit: int) -> list[bytes]:
    """The lines of the sound frames that ``data`` begins with, at most ``limit``."""
    lines: list[bytes] = []
    start = 0
    while len(lines) < limit and start + OVERHEAD <= len(data):
        length, checksum = _PREFIX.unpack_from(data, start)
        line = data[start + OVERHEAD : start + OVERHEAD + length]
        if len(line) < length or zlib.crc32(line, zlib.crc32(_LENGTH.pack(length))) != checksum:
            break
        lines.append(line)
        start += OVERHEAD + length
    return lines


def announced(data: bytes) -> int:
    """Bytes that the frame at the beginning of ``data`` claims to take; 0 where none has begun."""
    if len(data) < OVERHEAD or data[:OVERHEAD] == bytes(OVERHEAD):
        return 0
    length: int = _LENGTH.unpack_from(data)[0]
    return OVERHEAD + length

"""Shorten a payload with zstd (RFC 8878) and a dictionary of what the URLs of all senders have in common.

Of a frame only the blocks are kept. Its header would be the same for every payload: no magic number, no size, no
checksum, no dictionary id; the token's own version says all of that.
"""

from typing import Final

import zstandard

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens.dictionary import DICTIONARY

__all__ = ["compress", "decompress"]

_LEVEL = 4
"""The last level that takes less than 5 µs a payload; the levels above it save less than one character of a token."""
_TYPICAL_BYTES = 256
_MAX_BYTES = 65_536
_HEADER = b"\x00\x30"
"""A frame's header without any of its options (RFC 8878 section 3.1.1.1): the second byte is a window of 64 kB."""

_dictionary = zstandard.ZstdCompressionDict(DICTIONARY, dict_type=zstandard.DICT_TYPE_FULLDICT)
_parameters: Final = zstandard.ZstdCompressionParameters.from_level(
    _LEVEL,
    source_size=_TYPICAL_BYTES,
    dict_size=len(DICTIONARY),
    format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    write_content_size=False,
    write_checksum=False,
    write_dict_id=False,
)


class _Codec:
    """A compressor and a decompressor, which cost more to make than to use."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(dict_data=_dictionary, compression_params=_parameters).compress
        self.decompress = zstandard.ZstdDecompressor(
            dict_data=_dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS
        ).decompress


_idle: list[_Codec] = []
"""Codecs that nobody uses just now: one must not be used by two threads at once. Taking one out is atomic."""


def compress(payload: bytes) -> bytes:
    """The blocks of the payload's frame. Longer than the payload where nothing in it repeats."""
    codec = _take()
    frame = codec.compress(payload)
    _idle.append(codec)
    return frame[len(_HEADER) :]


def decompress(compressed: bytes) -> bytes:
    """The payload of a frame's blocks.

    Raises:
        TokenMalformedError: they are no blocks, or of more than 65,536 bytes.
    """
    codec = _take()
    try:
        return codec.decompress(_HEADER + compressed, max_output_size=_MAX_BYTES)
    except zstandard.ZstdError as error:
        raise TokenMalformedError("sealed with a payload that does not decompress") from error
    finally:
        _idle.append(codec)


def _take() -> _Codec:
    try:
        return _idle.pop()
    except IndexError:
        return _Codec()

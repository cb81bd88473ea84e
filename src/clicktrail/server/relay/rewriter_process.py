"""The rewriting process: rewrites one message after the other, which it reads from standard input.

Rewriting runs in a process of its own because only a process can be stopped: a message that takes too long, or too much
memory, ends this process and no other. No request depends on an earlier one, so a process that was replaced meanwhile
cannot mix up messages.

Requests and results are frames: 4 bytes with the length, little-endian, and a MessagePack value.
"""

import contextlib
import ctypes
import resource
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO, Final

import msgspec
import structlog

from clicktrail.server.pipeline.track import (
    ControlHeaders,
    MessageIdentity,
    TrackedMessage,
    parse_control_headers,
    strip_control_headers,
    track_message,
)
from clicktrail.tracking import Tracker

FRAME_LENGTH: Final = struct.Struct("<I")

_LOG = structlog.get_logger(component="relay")
_MAX_MEMORY_BYTES = 2 * 1024**3
"""Address space. A message of 50 MB needs a third of it."""
_PR_SET_PDEATHSIG = 1
"""From Linux's ``sys/prctl.h``: the signal that a process gets when its parent ends."""


class ParseRequest(msgspec.Struct, frozen=True, tag="parse"):
    """Parse the control headers in a header block."""

    header_block: bytes


class TrackRequest(msgspec.Struct, frozen=True, tag="track", kw_only=True):
    """Rewrite a message; ``headers`` come without the message itself."""

    raw: bytes
    headers: ControlHeaders
    recipients: Sequence[str]
    identity: MessageIdentity
    now: datetime


class ParseResult(msgspec.Struct, frozen=True, tag="parsed"):
    """Control headers of the message, whose ``stripped_message`` is empty."""

    headers: ControlHeaders


class TrackResult(msgspec.Struct, frozen=True, tag="tracked"):
    """The rewritten message."""

    message: TrackedMessage


class FailureResult(msgspec.Struct, frozen=True, tag="failed"):
    """Class name of the exception that the request raised."""

    error: str


def run_rewriter(build_tracker: Callable[[], Tracker]) -> None:
    """Serve requests until the end of standard input. Writes the fingerprint of its sealing key when it is ready."""
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    tracker = build_tracker()
    requests, results = sys.stdin.buffer, sys.stdout.buffer
    decoder = msgspec.msgpack.Decoder(ParseRequest | TrackRequest)
    encoder = msgspec.msgpack.Encoder()
    _write_frame(results, tracker.ring.sealing_key.fingerprint.encode())
    while frame := _read_frame(requests):
        request = decoder.decode(frame)
        try:
            if isinstance(request, ParseRequest):
                headers = parse_control_headers(request.header_block)
                result = encoder.encode(ParseResult(replace(headers, stripped_message=b"")))
            else:
                result = encoder.encode(TrackResult(_track(request, tracker)))
        except Exception as error:
            _LOG.error("cannot rewrite a message", exc_info=error)
            result = encoder.encode(FailureResult(type(error).__name__))
        _write_frame(results, result)


def _end_with_parent() -> None:
    """End only with the parent: at the end of standard input, or when it is killed, even while this process is busy."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _track(request: TrackRequest, tracker: Tracker) -> TrackedMessage:
    return track_message(
        replace(request.headers, stripped_message=strip_control_headers(request.raw)),
        tracker=tracker,
        recipients=request.recipients,
        identity=request.identity,
        now=request.now,
    )


def _read_frame(stream: BinaryIO) -> bytes:
    """Read a frame; empty at the end of the stream."""
    header = stream.read(FRAME_LENGTH.size)
    return stream.read(*FRAME_LENGTH.unpack(header)) if len(header) == FRAME_LENGTH.size else b""


def _write_frame(stream: BinaryIO, data: bytes) -> None:
    stream.write(FRAME_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()

"""Rewrite messages in other processes, each with a time limit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
import structlog

from clicktrail.rewrite import SkipReason
from clicktrail.server.pipeline.track import ControlHeaders, MessageIdentity, TrackedMessage
from clicktrail.server.relay.rewriter_process import (
    FRAME_LENGTH,
    FailureResult,
    ParseRequest,
    ParseResult,
    TrackRequest,
    TrackResult,
)

_LOG = structlog.get_logger(component="relay")
_START_TIMEOUT_S = 30
_RESTART_PAUSE_S = 5
"""After a process could not start, messages pass untracked for this long instead of waiting for the next attempt."""

Request = ParseRequest | TrackRequest
Result = TypeVar("Result", ParseResult, TrackResult)


class RewriterError(Exception):
    """A message could not be rewritten.

    Attributes:
        reason: ``time-limit``, ``rewriting-failed``, or ``unavailable`` if no process could be started.
    """

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Rewriter:
    """One rewriting process. It is started when it is needed and killed when it takes too long.

    Args:
        command: program and arguments that run `rewriter_process`.
        time_limit_s: time that each step of a message may take.
    """

    def __init__(self, command: Sequence[str], *, time_limit_s: float) -> None:
        self._command = command
        self._time_limit_s = time_limit_s
        self._process: asyncio.subprocess.Process | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(ParseResult | TrackResult | FailureResult)
        self._no_start_before = 0.0
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Id of the process; None if it does not run."""
        return self._process.pid if self._process else None

    async def parse(self, raw: bytes) -> ControlHeaders:
        """Take a message, and return its control headers without the message itself.

        Raises:
            RewriterError: as its reason says.
        """
        return (await self._request(ParseRequest(raw), ParseResult)).headers

    async def track(
        self, headers: ControlHeaders, *, recipients: Sequence[str], identity: MessageIdentity, now: datetime
    ) -> TrackedMessage:
        """Rewrite the message taken last; see `track_message`.

        Raises:
            RewriterError: as its reason says.
        """
        request = TrackRequest(headers=headers, recipients=recipients, identity=identity, now=now)
        return (await self._request(request, TrackResult)).message

    async def start(self) -> None:
        """Start the process if it does not run, and wait until it is ready.

        Raises:
            RewriterError: it does not start.
        """
        async with self._starting:
            await self._start_if_needed()

    async def _start_if_needed(self) -> None:
        if self._process and self._process.returncode is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._no_start_before:
            raise RewriterError(SkipReason.UNAVAILABLE)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
                )
                await self._read_frame()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            _LOG.error("cannot start a rewriting process", error=error)
            await self.kill()
            self._no_start_before = loop.time() + _RESTART_PAUSE_S
            raise RewriterError(SkipReason.UNAVAILABLE) from error
        except BaseException:  # cancelled
            await self.kill()
            raise

    async def kill(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _request(self, request: Request, result_type: type[Result]) -> Result:
        await self.start()
        try:
            async with asyncio.timeout(self._time_limit_s):
                await self._write_frame(self._encoder.encode(request))
                result = self._decoder.decode(await self._read_frame())
        except TimeoutError as error:
            await self.kill()
            raise RewriterError(SkipReason.TIME_LIMIT) from error
        except (OSError, asyncio.IncompleteReadError) as error:  # it died
            await self.kill()
            raise RewriterError(SkipReason.FAILED) from error
        except BaseException:  # cancelled: the result of this request must not be taken for another's
            await self.kill()
            raise
        if not isinstance(result, result_type):
            raise RewriterError(SkipReason.FAILED)
        return result

    async def _write_frame(self, data: bytes) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.writelines([FRAME_LENGTH.pack(len(data)), data])
            await self._process.stdin.drain()

    async def _read_frame(self) -> bytes:
        if self._process is None or self._process.stdout is None:
            raise ConnectionResetError
        header = await self._process.stdout.readexactly(FRAME_LENGTH.size)
        return await self._process.stdout.readexactly(*FRAME_LENGTH.unpack(header))


class RewriterPool:
    """Rewriting processes, each used by one message at a time."""

    def __init__(self, command: Sequence[str], *, size: int, time_limit_s: float) -> None:
        self._rewriters = [Rewriter(command, time_limit_s=time_limit_s) for _ in range(size)]
        self._idle: asyncio.LifoQueue[Rewriter] = asyncio.LifoQueue()
        for rewriter in self._rewriters:
            self._idle.put_nowait(rewriter)

    @property
    def pids(self) -> list[int | None]:
        """Process ids; None for a process that does not run."""
        return [rewriter.pid for rewriter in self._rewriters]

    async def start(self) -> None:
        """Start all processes. One that cannot start is logged and tried again later."""
        await asyncio.gather(*(rewriter.start() for rewriter in self._rewriters), return_exceptions=True)

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[Rewriter]:
        """A process for one message, once one is idle."""
        rewriter = await self._idle.get()
        try:
            yield rewriter
        finally:
            self._idle.put_nowait(rewriter)

    async def close(self) -> None:
        """End all processes."""
        for rewriter in self._rewriters:
            await rewriter.kill()

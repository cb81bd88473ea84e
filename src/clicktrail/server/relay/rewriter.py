"""Rewrite messages in other processes, each with a time limit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import msgspec
import structlog

from clicktrail.rewrite import SkipReason
from clicktrail.server.pipeline.track import ControlHeaders, TrackedMessage
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
"""Before the next attempt, after a process could not start."""
_MAX_START_S = 10
"""Messages wait for a process until it has had this time to start; then they pass untracked."""
_LARGE_MESSAGE_BYTES = 1_000_000
"""Larger messages share one process, so that they never delay smaller ones."""

_OUTPUT_LIMIT_BYTES = 1 << 30
"""Never reached: above its limit a StreamReader stops reading, and asyncio does not see that a killed process has ended
while a part of its output is unread (``Process.wait`` waits for the end of the pipes)."""

Request = ParseRequest | TrackRequest
Result = TypeVar("Result", ParseResult, TrackResult)


class RewriterError(Exception):
    """A message could not be rewritten.

    Attributes:
        reason: ``time-limit``, ``rewriting-failed``, or ``unavailable`` if no process can be started.
    """

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Rewriter:
    """A running rewriting process.

    Attributes:
        sealing_key: fingerprint of the key that it seals links with.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.sealing_key = ""
        self._process = process
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(ParseResult | TrackResult | FailureResult)

    @classmethod
    async def start(cls, command: Sequence[str]) -> "Rewriter":
        """Start a process, and wait until it is ready.

        Raises:
            OSError, TimeoutError, asyncio.IncompleteReadError: it does not start.
        """
        rewriter = cls(
            await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_OUTPUT_LIMIT_BYTES
            )
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                rewriter.sealing_key = (await rewriter._read_frame()).decode()
        except BaseException:
            await rewriter.kill()
            raise
        return rewriter

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    async def wait(self) -> None:
        """Wait until the process has ended."""
        await self._process.wait()

    async def parse(self, header_block: bytes, *, deadline: float) -> ControlHeaders:
        """Parse the control headers of a message.

        Args:
            header_block: the message up to the empty line.
            deadline: time of the loop at which the process is killed.

        Raises:
            RewriterError: as its reason says.
        """
        return (await self._request(ParseRequest(header_block), ParseResult, deadline)).headers

    async def track(self, request: TrackRequest, *, deadline: float) -> TrackedMessage:
        """Rewrite a message; see `track_message`.

        Raises:
            RewriterError: as its reason says.
        """
        return (await self._request(request, TrackResult, deadline)).message

    async def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _request(self, request: Request, result_type: type[Result], deadline: float) -> Result:
        try:
            async with asyncio.timeout_at(deadline):
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
        if self._process.stdin:
            self._process.stdin.writelines([FRAME_LENGTH.pack(len(data)), data])
            await self._process.stdin.drain()

    async def _read_frame(self) -> bytes:
        if self._process.stdout is None:
            raise ConnectionResetError
        header = await self._process.stdout.readexactly(FRAME_LENGTH.size)
        return await self._process.stdout.readexactly(*FRAME_LENGTH.unpack(header))


class _Lane:
    """A rewriting process that is replaced when it ends, used by one message at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self.is_ready = asyncio.Event()
        self.lock = asyncio.Lock()
        self.rewriter: Rewriter | None = None
        self.started_at = 0.0
        self._command = command

    async def keep_running(self) -> None:
        """Start the process, and another one whenever it has ended."""
        while True:
            self.started_at = asyncio.get_running_loop().time()
            try:
                self.rewriter = await Rewriter.start(self._command)
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                _LOG.error("cannot start a rewriting process", error=error)
                await asyncio.sleep(_RESTART_PAUSE_S)
                continue
            self.is_ready.set()
            try:
                await self.rewriter.wait()
            finally:
                self.is_ready.clear()
                await self.rewriter.kill()

    async def wait_until_ready(self) -> Rewriter:
        """The process, if it runs or was started a moment ago."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.started_at + _MAX_START_S):
                await self.is_ready.wait()
        if self.rewriter is None or not self.is_ready.is_set():
            raise RewriterError(SkipReason.UNAVAILABLE)
        return self.rewriter


class RewriterPool:
    """Two rewriting processes: one for large messages, and one for all others, which are never delayed by large ones.

    Args:
        command: program and arguments that run `rewriter_process`.
        time_limit_s: time that rewriting a message may take, and that it may wait for others.
    """

    def __init__(self, command: Sequence[str], *, time_limit_s: float) -> None:
        self._time_limit_s = time_limit_s
        self._small, self._large = _Lane(command), _Lane(command)

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that run, that for large messages last."""
        return [lane.rewriter.pid for lane in (self._small, self._large) if lane.rewriter]

    @property
    def sealing_keys(self) -> set[str]:
        """Fingerprints of the keys that the running processes seal links with."""
        return {lane.rewriter.sealing_key for lane in (self._small, self._large) if lane.rewriter}

    async def wait_until_ready(self, *, timeout_s: float) -> None:
        """Wait until both processes are ready, or for the time given."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(self._small.is_ready.wait(), self._large.is_ready.wait())

    async def run(self) -> None:
        """Keep both processes running until this is cancelled, which ends them."""
        async with asyncio.TaskGroup() as tasks:
            for lane in (self._small, self._large):
                tasks.create_task(lane.keep_running())

    @contextlib.asynccontextmanager
    async def lease(self, size: int) -> AsyncIterator[tuple[Rewriter, float]]:
        """A process for one message of this size in bytes, and the deadline for the message, in the loop's time.

        Raises:
            RewriterError: no process is idle in time, or none can be started.
        """
        lane = self._large if size > _LARGE_MESSAGE_BYTES else self._small
        await lane.wait_until_ready()
        try:
            async with asyncio.timeout(self._time_limit_s):
                await lane.lock.acquire()
        except TimeoutError as error:
            raise RewriterError(SkipReason.TIME_LIMIT) from error
        try:
            rewriter = await lane.wait_until_ready()  # the message before may have ended it
            yield rewriter, asyncio.get_running_loop().time() + self._time_limit_s
        finally:
            lane.lock.release()

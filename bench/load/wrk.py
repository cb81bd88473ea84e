"""Run wrk against a server."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.programs import BenchError, find_program

DEFAULT_CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
_RESPONSE_TIMEOUT_S: Final = 10


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one run.

    Attributes:
        requests: number of complete responses.
        duration_us: duration of the run in microseconds.
        errors: number of responses with status 400 or above, broken connections and time-outs.
        p50_us: median latency in microseconds.
        p99_us: 99th percentile of the latency in microseconds.
    """

    requests: int
    duration_us: int
    errors: int
    p50_us: int
    p99_us: int

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.duration_us * 1e6


class LoadProfile(NamedTuple):
    """Number and behaviour of clients.

    Attributes:
        connections: number of simultaneous connections.
        keep_alive: whether connections stay open; else each request opens a new one.
        requests_per_s: approximate request rate; 0 for the maximum. Each connection pauses for random times between
            its requests. Use enough connections that most of them pause at any time: then one slow response does not
            delay the other requests.
    """

    connections: int = DEFAULT_CONNECTIONS
    keep_alive: bool = True
    requests_per_s: float = 0.0


_DEFAULT_PROFILE: Final = LoadProfile()


def run_load(url: str, tokens_file: Path, *, duration_s: int, profile: LoadProfile = _DEFAULT_PROFILE) -> LoadResult:
    """Request the tokens of a file, one on each line, from a server.

    Args:
        url: base URL of the server.
        tokens_file: file with the tokens.
        duration_s: duration in seconds.
        profile: number and behaviour of clients.

    Raises:
        BenchError: a request failed, or none was answered.
    """
    pause_ms = 1000 * profile.connections / profile.requests_per_s if profile.requests_per_s else 0
    command = [find_program("wrk"), "--threads=1", f"--connections={profile.connections}", f"--duration={duration_s}s"]
    command += [f"--timeout={_RESPONSE_TIMEOUT_S}s", f"--script={_SCRIPT}", url, "--", str(tokens_file)]
    command += ["kept" if profile.keep_alive else "close", str(pause_ms)]
    process = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=duration_s + 2 * _RESPONSE_TIMEOUT_S
    )
    result = msgspec.json.decode(process.stdout.strip().rpartition("\n")[2], type=LoadResult)
    if result.errors or not result.requests:
        raise BenchError(f"{result.errors} of {result.requests} requests failed")
    return result

"""Load by wrk, one round at a time."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.programs import BenchError, find_program

__all__ = ["DEFAULT_CONNECTIONS", "LoadProfile", "LoadResult", "run_load"]

DEFAULT_CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
_RESPONSE_TIMEOUT_S: Final = 10


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one round measured.

    Attributes:
        requests: answers that came in full.
        duration_us: microseconds that the round took.
        errors: answers of status 400 and above, connections that broke, requests not answered in time.
        p50_us: microseconds that half of the answers took at most.
        p99_us: microseconds that 99 of 100 answers took at most.
    """

    requests: int
    duration_us: int
    errors: int
    p50_us: int
    p99_us: int

    @property
    def requests_per_s(self) -> float:
        """Answers a second."""
        return self.requests / self.duration_us * 1e6


class LoadProfile(NamedTuple):
    """Load that wrk generates.

    Attributes:
        connections: number of concurrent connections. With a target rate, enough that most of them are idle at any
            time: while one response is slow, the others still send requests, as readers do.
        keep_alive: whether connections stay open; otherwise each request opens one.
        requests_per_s: target rate, with random pauses between the requests of a connection; 0 for no limit.
    """

    connections: int = DEFAULT_CONNECTIONS
    keep_alive: bool = True
    requests_per_s: float = 0.0


_DEFAULT_PROFILE: Final = LoadProfile()


def run_load(url: str, tokens_file: Path, *, duration_s: int, profile: LoadProfile = _DEFAULT_PROFILE) -> LoadResult:
    """Ask a server for the tokens of a file, a line each, for some seconds.

    Args:
        url: the server's.
        tokens_file: the file.
        duration_s: how long.
        profile: who asks.

    Raises:
        BenchError: some request was not answered, or not well.
    """
    pause_ms = 1000 * profile.connections / profile.requests_per_s if profile.requests_per_s else 0
    command = [find_program("wrk"), "--threads=1", f"--connections={profile.connections}", f"--duration={duration_s}s"]
    command += [f"--timeout={_RESPONSE_TIMEOUT_S}s", f"--script={_SCRIPT}", url, "--", str(tokens_file)]
    command += ["kept" if profile.keep_alive else "close", str(pause_ms)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=duration_s + 2 * _RESPONSE_TIMEOUT_S
    )
    measured = msgspec.json.decode(ended.stdout.strip().rpartition("\n")[2], type=LoadResult)
    if measured.errors or not measured.requests:
        raise BenchError(f"{measured.errors} of {measured.requests} requests were not answered well")
    return measured

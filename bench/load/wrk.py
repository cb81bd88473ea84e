"""Load by wrk, one round at a time."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from bench.programs import BenchError, program

__all__ = ["CONNECTIONS", "Clients", "Round", "load"]

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("wrk.lua")
_ANSWER_S: Final = 10


class Round(msgspec.Struct, frozen=True, kw_only=True):
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
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.duration_us * 1e6


class Clients(NamedTuple):
    """Who asks.

    Attributes:
        connections: at the same time.
        kept: whether they stay open; else each request has its own.
        per_second: requests, or nearly so many; as many as are answered if 0. Each connection waits then between its
            requests, as long as chance will have it. There must be so many that most of them wait at any time: while
            one answer is slow, the others go on asking, as readers do.
    """

    connections: int = CONNECTIONS
    kept: bool = True
    per_second: float = 0.0


_DEFAULT: Final = Clients()


def load(url: str, tokens: Path, *, seconds: int, clients: Clients = _DEFAULT) -> Round:
    """Ask a server for the tokens of a file, a line each, for some seconds.

    Args:
        url: the server's.
        tokens: the file.
        seconds: how long.
        clients: who asks.

    Raises:
        BenchError: some request was not answered, or not well.
    """
    pause_ms = 1000 * clients.connections / clients.per_second if clients.per_second else 0
    command = [program("wrk"), "--threads=1", f"--connections={clients.connections}", f"--duration={seconds}s"]
    command += [f"--timeout={_ANSWER_S}s", f"--script={_SCRIPT}", url, "--", str(tokens)]
    command += ["kept" if clients.kept else "close", str(pause_ms)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 2 * _ANSWER_S)
    measured = msgspec.json.decode(ended.stdout.strip().rpartition("\n")[2], type=Round)
    if measured.errors or not measured.requests:
        raise BenchError(f"{measured.errors} of {measured.requests} requests were not answered well")
    return measured

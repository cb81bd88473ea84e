"""Measure how long ``clicktrail serve`` takes to start, the memory of its processes, and the start of commands.

``./dev bench start [--clicks N] [--workers N] [--rounds N]``. The server starts with an empty data folder, and again
with a store of clicks in it. The times end with the first answer of each port. Processor time depends less on other
load: on two idle cores, a start takes little more than half of it.
"""

import argparse
import json
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bench.analytics import load_clicks
from bench.load.cost import list_descendants, measure_usage
from bench.programs import BenchError, find_free_port, stop_process
from clicktrail import keyring_file
from clicktrail.tokens import SealedLink, seal_token

COMMANDS: Final = (
    ("--version",),
    ("--help",),
    ("keys", "list"),
    ("inspect", "{token}"),
    ("rewrite", "mail.html", "--domain", "https://links.example.com", "-o", "out.html"),
    ("utm", "lint", "mail.html"),
    ("audit", "events.ndjson", "--json"),
    ("report", "--json"),
    ("history", "none"),
    ("consent", "show", "ann@a.example"),
    ("quarantine", "list"),
    ("doctor",),
)
TIMEOUT_S: Final = 120.0
POLL_INTERVAL_S: Final = 0.01
SETTLING_S: Final = 2.0
"""The jobs of all processes have run once by then."""
_SETTINGS: Final = """
data_dir = "data"
[edge]
listen = "127.0.0.1:{edge}"
workers = {workers}
[relay]
listen = "127.0.0.1:{relay}"
next_hop = "127.0.0.1:1"
[console]
listen = "127.0.0.1:{console}"
[metrics]
listen = "127.0.0.1:{metrics}"
"""
_ROLLUP_PATTERN: Final = re.compile(r"^(\w+): +(\d+) kB$", re.MULTILINE)


class Memory(NamedTuple):
    """Memory of a process in bytes, from ``/proc/PID/smaps_rollup`` (proc(5)).

    Attributes:
        resident: with all pages that it shares with other processes.
        proportional: with its share of these pages.
        unique: without these pages.
    """

    resident: int
    proportional: int
    unique: int


class Start(NamedTuple):
    """Seconds until each port answered, and processor time of all processes until all were ready."""

    redirect_s: float
    smtp_s: float
    console_s: float
    ready_s: float
    cpu_s: float


class Server:
    """``clicktrail serve`` in a folder, with a link to request.

    Attributes:
        token: a sealed token that its edge redirects.
    """

    def __init__(self, folder: Path, *, workers: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.ports = {name: find_free_port() for name in ("edge", "relay", "console", "metrics")}
        self.config = folder / "clicktrail.toml"
        self.config.write_text(_SETTINGS.format(workers=workers, **self.ports), "utf-8")
        ring = keyring_file.load_or_create(folder / "data" / keyring_file.FILE_NAME, earlier_data_paths=[])
        link = SealedLink(
            destination="https://shop.example/",
            message_id="m1",
            recipient="ann@a.example",
            campaign="start",
            position=0,
            link_count=1,
            sent_at=datetime(2026, 12, 1, tzinfo=UTC),
        )
        self.token = seal_token(ring, link)

    @contextmanager
    def running(self) -> Iterator[tuple[Start, int]]:
        """Start the server, measure its start, and stop it at the end. Yields the start and the process id."""
        log_path = self.folder / "log"
        started_at = time.monotonic()
        with log_path.open("wb") as log:
            process = subprocess.Popen(_build_command("serve", "--config", str(self.config)), stderr=log)
        try:
            with ThreadPoolExecutor(4) as executor:
                times = executor.map(
                    lambda is_answered: _wait_until(is_answered, process, log_path) - started_at,
                    (self._is_redirecting, self._is_accepting_mail, self._is_console_healthy, self._is_ready),
                )
                redirect_s, smtp_s, console_s, ready_s = times
            cpu_s = measure_usage(process.pid).cpu_s
            yield Start(redirect_s, smtp_s, console_s, ready_s, cpu_s), process.pid
        finally:
            stop_process(process)

    def fetch_console(self) -> None:
        """Load the overview page, as a browser does."""
        if not self._request("console", "/").startswith(b"HTTP/1.1 200"):
            raise BenchError("the console does not answer")

    def _is_redirecting(self) -> bool:
        return self._request("edge", f"/{self.token}").startswith(b"HTTP/1.1 302")

    def _is_accepting_mail(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.ports["relay"]), TIMEOUT_S) as connection:
            return connection.recv(1024).startswith((b"220", b"421", b"451"))  # its next hop is down

    def _is_console_healthy(self) -> bool:
        return self._request("console", "/healthz").startswith(b"HTTP/1.1 200")

    def _is_ready(self) -> bool:
        return b'"status":"ok"' in self._request("metrics", "/healthz")

    def _request(self, service: str, path: str) -> bytes:
        port = self.ports[service]
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
            connection.sendall(head.encode())
            return b"".join(iter(partial(connection.recv, 65_536), b""))


def _wait_until(is_answered: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> float:
    """Wait until a port answers, and return the time. The supervisor opens the ports before their processes start."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            if is_answered():
                return time.monotonic()
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"the server did not start: {log.read_text('utf-8', 'replace')[-500:]}")
        time.sleep(POLL_INTERVAL_S)


def measure_memory(pid: int) -> Memory:
    """Measure the memory of one process."""
    rollup = dict(_ROLLUP_PATTERN.findall(Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")))
    size = {name: int(kilobytes) * 1024 for name, kilobytes in rollup.items()}
    return Memory(size["Rss"], size["Pss"], size["Private_Clean"] + size["Private_Dirty"])


def find_role(pid: int) -> str:
    """Return what a process of the server does: edge, relay, rewriter, engine or supervisor."""
    arguments = Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")
    return next((part for part in ("edge", "relay", "rewriter", "engine") if part in arguments), "supervisor")


def measure_command(command: list[str], folder: Path, *, rounds: int) -> tuple[float, float]:
    """Return median processor time and wall time of a command in seconds, after one run that is not measured."""
    timings = []
    for _ in range(rounds + 1):
        started_at = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # wait4 has taken its status
        timings.append((usage.ru_utime + usage.ru_stime, time.monotonic() - started_at))
    return statistics.median(cpu for cpu, _ in timings[1:]), statistics.median(wall for _, wall in timings[1:])


def print_starts(label: str, server: Server, *, rounds: int) -> None:
    """Start the server several times, and print medians; then the memory of each process of the last one."""
    starts = []
    for number in range(rounds):
        with server.running() as (start, pid):
            starts.append(start)
            if number == rounds - 1:
                server.fetch_console()
                time.sleep(SETTLING_S)
                server.fetch_console()
                _print_memory(label, pid)
    medians = Start(*(statistics.median(values) for values in zip(*starts, strict=True)))
    print(
        f"{label}: first redirect after {medians.redirect_s:.2f} s, SMTP {medians.smtp_s:.2f} s, "
        f"console {medians.console_s:.2f} s, all ready {medians.ready_s:.2f} s; "
        f"{medians.cpu_s:.2f} s of processor time",
        flush=True,
    )


def _print_memory(label: str, pid: int) -> None:
    pids = [pid, *list_descendants(pid)]
    rows = sorted((find_role(process_id), measure_memory(process_id)) for process_id in pids)
    print(f"| {label}: process | RSS, MB | PSS, MB | USS, MB |\n|---|---|---|---|")
    for role, memory in rows:
        print(f"| {role} | " + " | ".join(f"{size / 1e6:.0f}" for size in memory) + " |")
    sums = [sum(sizes) for sizes in zip(*(memory for _, memory in rows), strict=True)]
    print("| all | " + " | ".join(f"{size / 1e6:.0f}" for size in sums) + " |", flush=True)


def print_commands(server: Server, label: str, *, rounds: int) -> None:
    """Print the processor time of commands as a table."""
    (server.folder / "mail.html").write_text('<p><a href="https://shop.example/">Shop</a></p>', "utf-8")
    event = {"id": "e1", "type": "sent", "at": "2026-12-01T08:00:00.000Z", "campaign": "c", "message_id": "m1"}
    (server.folder / "events.ndjson").write_text(json.dumps(event) + "\n", "utf-8")
    print(f"| {label} | processor time, s | elapsed, s |\n|---|---|---|")
    commands = {"python -c pass": [sys.executable, "-c", "pass"]}  # how busy the machine is
    for arguments in COMMANDS:
        words = [server.token if word == "{token}" else word for word in arguments]
        commands[f"clicktrail {' '.join(arguments[:2])}"] = _build_command(*words)
    for name, command in commands.items():
        cpu_s, elapsed_s = measure_command(command, server.folder, rounds=rounds)
        print(f"| {name} | {cpu_s:.2f} | {elapsed_s:.2f} |", flush=True)


def _build_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "clicktrail", *arguments]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=1_000_000, help="clicks in the store of the second server")
    parser.add_argument("--workers", type=int, default=2, help="edge workers")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="clicktrail-start-") as temporary:
        try:
            print_starts("0 clicks", Server(Path(temporary, "empty"), workers=options.workers), rounds=options.rounds)
            server = Server(Path(temporary, "filled"), workers=options.workers)
            loading = multiprocessing.get_context("spawn").Process(
                target=load_clicks, args=(server.folder / "data" / "analytics", options.clicks)
            )
            loading.start()
            loading.join()
            print_starts(f"{options.clicks:,} clicks", server, rounds=options.rounds)
            print_commands(server, "no server runs", rounds=options.rounds)
            with server.running():
                print_commands(server, "a server runs", rounds=options.rounds)
        except BenchError as error:
            sys.exit(f"start: error: {error}")


if __name__ == "__main__":
    main()

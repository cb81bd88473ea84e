import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from clicktrail.server.child import ChildProcess, compute_backoff_s
from clicktrail.server.monitoring.heartbeat import ProcessStatus
from tests.support.waiting import TIMEOUT_S

IDLE_CHILD = """
import sys
print("ready", flush=True)
open(sys.argv[1], "a").write("started\\n")
sys.stdin.read()
"""
LISTENING = """
import socket, sys
with socket.socket(fileno=int(sys.argv[2])) as listening:
    print("ready", flush=True)
    connection, _ = listening.accept()
    connection.sendall(b"served")
    connection.close()
sys.stdin.read()
"""


@contextlib.asynccontextmanager
async def running(child: ChildProcess) -> AsyncIterator[None]:
    """Keep a child running until the context ends."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child.keep_running(stopping))
        try:
            yield
        finally:
            stopping.set()


async def test_child_is_ready_and_stops(tmp_path: Path) -> None:
    started = tmp_path / "started"
    child = ChildProcess("idle", command=(sys.executable, "-c", IDLE_CHILD, str(started)))

    async with running(child):
        await child.ready.wait()

    assert child.ready.is_set()


async def test_dead_child_is_restarted(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"import os, sys; os.write(os.open({str(pids)!r}, 66 | 1024), b'%d ' % os.getpid())" + IDLE_CHILD
    child = ChildProcess("idle", command=(sys.executable, "-c", script, str(tmp_path / "started")))

    async with running(child):
        await child.ready.wait()
        first = int(pids.read_text().split()[0])
        child.ready.clear()
        os.kill(first, signal.SIGKILL)
        await child.ready.wait()

    assert len(set(pids.read_text().split())) == 2


async def test_child_that_fails_to_start_is_tried_again(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    os.mkfifo(tries)
    child = ChildProcess("broken", command=("sh", "-c", f"echo tried > {tries}; exit 1"))

    async with running(child):
        lines = [await asyncio.to_thread(tries.read_text) for _ in range(2)]

    assert lines == ["tried\n", "tried\n"]
    assert not child.ready.is_set()


@pytest.mark.parametrize(
    ("crash_count", "expected"), [(1, 0.0), (2, 0.5), (3, 1.0), (4, 2.0), (9, 60.0), (2_000, 60.0)]
)
def test_backoff_doubles_up_to_a_minute(crash_count: int, expected: float) -> None:
    assert compute_backoff_s(crash_count) == expected


HEARTBEATS = """
import os, sys, time
os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), b"%d " % os.getpid())
heartbeat = '{"values": {"clicktrail_journal_events_dropped_total": {"": 3}}}'
print(heartbeat, "ready", sep="\\n", flush=True)
while True:
    print(heartbeat, flush=True)
    time.sleep(0.02)
"""


async def test_health_contains_the_last_heartbeat(tmp_path: Path) -> None:
    child = ChildProcess("heartbeats", command=(sys.executable, "-c", HEARTBEATS, str(tmp_path / "pids")))

    before = child.health
    async with running(child):
        await child.ready.wait()
        during = child.health

    assert (before.status, before.pid, before.heartbeat.values) == (ProcessStatus.DOWN, None, {})
    assert (
        during.status,
        during.heartbeat.values,
    ) == (ProcessStatus.SERVING, {"clicktrail_journal_events_dropped_total": {"": 3}})
    assert str(during.pid) == (tmp_path / "pids").read_text().strip()


CHILD_WITH_PROBLEMS = """
import sys
problem, healthy = '{"problems": [{"code": "journal", "hint": "make room"}]}', "{}"
print(problem, problem, healthy, healthy, problem, "ready", sep="\\n", flush=True)
sys.stdin.read()
"""


async def test_problems_are_logged_when_they_come_and_go() -> None:
    child = ChildProcess("edge-0", command=(sys.executable, "-c", CHILD_WITH_PROBLEMS))

    with structlog.testing.capture_logs() as log:
        async with running(child):
            await child.ready.wait()

    events = [(entry["event"], entry.get("problems"), entry.get("hints")) for entry in log]
    assert events[:4] == [
        ("child has problems", ["journal"], ["make room"]),
        ("child has recovered", None, None),
        ("child has problems", ["journal"], ["make room"]),
        ("child ready", None, None),
    ]


async def test_hanging_child_is_restarted(tmp_path: Path) -> None:
    child = ChildProcess(
        "heartbeats", command=(sys.executable, "-c", HEARTBEATS, str(tmp_path / "pids")), heartbeat_timeout_s=0.5
    )

    async with running(child):
        await child.ready.wait()
        hanging_pid = child.health.pid
        assert hanging_pid
        child.ready.clear()
        os.kill(hanging_pid, signal.SIGSTOP)
        await child.ready.wait()
        health = child.health

    assert (health.status, health.restarts) == (ProcessStatus.SERVING, 1)
    assert hanging_pid != health.pid


@pytest.mark.parametrize("output", ["'x' * 1_000_000", "'x\\n' * 500_000"])
async def test_child_that_floods_its_output_is_stopped(output: str) -> None:
    script = f"import signal, sys; signal.signal(15, lambda *_: sys.exit(print({output}, flush=True))); "
    script += "print('ready', flush=True); sys.stdin.read()"
    child = ChildProcess("flooding", command=(sys.executable, "-c", script))

    async with asyncio.timeout(TIMEOUT_S), running(child):
        await child.ready.wait()

    assert child.health.restarts == 0


async def test_long_line_of_output_is_no_crash(tmp_path: Path) -> None:
    after = tmp_path / "after"
    os.mkfifo(after)
    script = f"print('x' * 1_000_000); print('ready', flush=True); open({str(after)!r}, 'w').write('done'); input()"
    child = ChildProcess("talking", command=(sys.executable, "-c", script))

    async with running(child):
        assert "done" == await asyncio.to_thread(after.read_text)
        await child.ready.wait()

    assert child.health.restarts == 0


async def test_child_inherits_its_sockets() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
    ):
        child = ChildProcess("listening", command=(sys.executable, "-c", LISTENING), sockets=[listening])
        async with running(child):
            await child.ready.wait()
            answer = await asyncio.get_running_loop().run_in_executor(None, client.recv, 100)

    assert answer == b"served"


SUPERVISOR = """
import asyncio, sys
from clicktrail.server.child import ChildProcess

async def main():
    child = ChildProcess("orphan", command=(sys.executable, "-c", *sys.argv[1:]))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child.keep_running(asyncio.Event()))
        await child.ready.wait()
        print("ready", flush=True)

asyncio.run(main())
"""
ORPHAN = """
import sys
print("ready", flush=True)
sys.stdin.read()
open(sys.argv[1], "w").write("orphaned")
"""


async def test_child_notices_that_its_supervisor_is_gone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, ORPHAN, str(pipe), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout
    await supervisor.stdout.readline()
    supervisor.kill()
    await supervisor.wait()

    assert await asyncio.to_thread(pipe.read_text) == "orphaned"

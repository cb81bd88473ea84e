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

LIVING = """
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
async def kept(child: ChildProcess) -> AsyncIterator[None]:
    """Keep a child running; stop it in the end."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child.keep_running(stopping))
        try:
            yield
        finally:
            stopping.set()


async def test_a_child_says_when_it_is_ready_and_stops_when_told(tmp_path: Path) -> None:
    started = tmp_path / "started"
    child = ChildProcess("living", command=(sys.executable, "-c", LIVING, str(started)))

    async with kept(child):
        await child.ready.wait()

    assert child.ready.is_set()


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"import os, sys; os.write(os.open({str(pids)!r}, 66 | 1024), b'%d ' % os.getpid())" + LIVING
    child = ChildProcess("living", command=(sys.executable, "-c", script, str(tmp_path / "started")))

    async with kept(child):
        await child.ready.wait()
        first = int(pids.read_text().split()[0])
        child.ready.clear()
        os.kill(first, signal.SIGKILL)
        await child.ready.wait()

    assert 2 == len(set(pids.read_text().split()))


async def test_a_child_that_never_lives_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    os.mkfifo(tries)
    child = ChildProcess("stillborn", command=("sh", "-c", f"echo tried > {tries}; exit 1"))

    async with kept(child):
        told = [await asyncio.to_thread(tries.read_text) for _ in range(2)]

    assert ["tried\n", "tried\n"] == told
    assert not child.ready.is_set()


@pytest.mark.parametrize(("deaths", "expected"), [(1, 0.0), (2, 0.5), (3, 1.0), (4, 2.0), (9, 60.0), (2_000, 60.0)])
def test_the_wait_doubles_with_each_death_up_to_a_minute(deaths: int, expected: float) -> None:
    assert expected == compute_backoff_s(deaths)


PULSING = """
import os, sys, time
os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), b"%d " % os.getpid())
pulse = '{"values": {"clicktrail_journal_events_dropped_total": {"": 3}}}'
print(pulse, "ready", sep="\\n", flush=True)
while True:
    print(pulse, flush=True)
    time.sleep(0.02)
"""


async def test_what_a_child_says_is_known(tmp_path: Path) -> None:
    child = ChildProcess("pulsing", command=(sys.executable, "-c", PULSING, str(tmp_path / "pids")))

    before = child.health
    async with kept(child):
        await child.ready.wait()
        during = child.health

    assert (ProcessStatus.DOWN, None, {}) == (before.status, before.pid, before.heartbeat.values)
    assert (ProcessStatus.SERVING, {"clicktrail_journal_events_dropped_total": {"": 3}}) == (
        during.status,
        during.heartbeat.values,
    )
    assert str(during.pid) == (tmp_path / "pids").read_text().strip()


TROUBLED = """
import sys
full, well = '{"problems": [{"code": "journal", "hint": "make room"}]}', "{}"
print(full, full, well, well, full, "ready", sep="\\n", flush=True)
sys.stdin.read()
"""


async def test_troubles_are_logged_when_they_come_and_go() -> None:
    child = ChildProcess("edge-0", command=(sys.executable, "-c", TROUBLED))

    with structlog.testing.capture_logs() as log:
        async with kept(child):
            await child.ready.wait()

    told = [(entry["event"], entry.get("problems"), entry.get("hints")) for entry in log]
    assert [
        ("child has problems", ["journal"], ["make room"]),
        ("child has recovered", None, None),
        ("child has problems", ["journal"], ["make room"]),
        ("child ready", None, None),
    ] == told[:4]


async def test_a_child_that_hangs_is_replaced(tmp_path: Path) -> None:
    child = ChildProcess(
        "pulsing", command=(sys.executable, "-c", PULSING, str(tmp_path / "pids")), heartbeat_timeout_s=0.5
    )

    async with kept(child):
        await child.ready.wait()
        hanging = child.health.pid
        assert hanging
        child.ready.clear()
        os.kill(hanging, signal.SIGSTOP)
        await child.ready.wait()
        replaced = child.health

    assert (ProcessStatus.SERVING, 1) == (replaced.status, replaced.restarts)
    assert hanging != replaced.pid


async def test_a_child_inherits_its_sockets() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
    ):
        child = ChildProcess("listening", command=(sys.executable, "-c", LISTENING), sockets=[listening])
        async with kept(child):
            await child.ready.wait()
            answer = await asyncio.get_running_loop().run_in_executor(None, client.recv, 100)

    assert b"served" == answer


SUPERVISING = """
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


async def test_a_child_learns_that_its_supervisor_is_gone(tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISING, ORPHAN, str(told), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout
    await supervisor.stdout.readline()
    supervisor.kill()
    await supervisor.wait()

    assert "orphaned" == await asyncio.to_thread(told.read_text)

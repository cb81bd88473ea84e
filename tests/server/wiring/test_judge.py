import asyncio
import os
from datetime import UTC, date, datetime
from pathlib import Path

from structlog.testing import capture_logs

from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.judge.networks import NetworkClass
from clicktrail.server.operator_networks import NetworkSource, OperatorNetworks, write
from clicktrail.server.wiring.judge import ReloadingJudge
from tests.support.judged_lines import click, make_judged_message

AZURE = "40.94.16.33"
OFFICE = ListedNetwork(
    name="office", network_class=NetworkClass.OURS, ranges=("40.94.16.0/24",), expires=date(2026, 11, 26)
)


class SettableClock:
    """A clock that a test sets to a day of November 2026."""

    def __init__(self, day: int) -> None:
        self.day = day

    def now(self) -> datetime:
        """Noon of the day."""
        return datetime(2026, 11, self.day, 12, tzinfo=UTC)


def make_operator_networks(*networks: ListedNetwork) -> OperatorNetworks:
    """Networks of one file."""
    return OperatorNetworks(sources={"own.toml": NetworkSource(read_at=SettableClock(24).now(), networks=networks)})


def test_operator_networks_are_used_until_they_expire(tmp_path: Path) -> None:
    clock, file = SettableClock(25), tmp_path / "networks.json"
    judge = ReloadingJudge(file, clock)
    shipped = judge.context
    write(file, make_operator_networks(OFFICE))

    judge.refresh()
    assert str(judge.context.networks.find(AZURE)) == "office"
    (judged,) = judge(make_judged_message(click("m1", "1")).timeline)
    assert f"/{judge.context.networks.version}/" in judged.rules
    clock.day = 26
    judge.refresh()
    assert shipped.version == judge.context.version


def test_new_and_removed_files_are_reloaded(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    judge = ReloadingJudge(file, SettableClock(24))
    judge.refresh()
    shipped = judge.context
    judge.refresh()
    assert shipped is judge.context

    write(file, make_operator_networks(OFFICE))
    judge.refresh()
    assert str(judge.context.networks.find(AZURE)) == "office"
    file.unlink()
    judge.refresh()
    assert str(judge.context.networks.find(AZURE)) == "Microsoft AS8075"


async def test_networks_are_refreshed_until_stopped(tmp_path: Path) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    class StoppingClock(SettableClock):
        def now(self) -> datetime:
            """Stop at the first call."""
            loop.call_soon_threadsafe(stopping.set)
            return super().now()

    write(tmp_path / "networks.json", make_operator_networks(OFFICE))
    judge = ReloadingJudge(tmp_path / "networks.json", StoppingClock(24))
    async with asyncio.timeout(10):
        await judge.refresh_periodically(stopping)
    assert str(judge.context.networks.find(AZURE)) == "office"


def test_damaged_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    judge = ReloadingJudge(file, SettableClock(24))
    write(file, make_operator_networks(OFFICE))
    judge.refresh()
    before = judge.context
    file.write_text("{")
    judge.refresh()
    assert before is judge.context


def test_failed_read_is_logged_once_and_retried(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    write(file, make_operator_networks(OFFICE))
    content, stat = file.read_bytes(), file.stat()
    judge = ReloadingJudge(file, SettableClock(24))
    file.write_bytes(b"{")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with capture_logs() as logs:
        judge.refresh()
        judge.refresh()
    assert len(logs) == 1

    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    judge.refresh()
    assert str(judge.context.networks.find(AZURE)) == "office"

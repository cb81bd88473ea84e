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


class Days:
    """A clock that somebody turns."""

    def __init__(self, day: int) -> None:
        self.day = day

    def now(self) -> datetime:
        """Noon of the day."""
        return datetime(2026, 11, self.day, 12, tzinfo=UTC)


def own(*networks: ListedNetwork) -> OperatorNetworks:
    """An operator's networks, from one file."""
    return OperatorNetworks(sources={"own.toml": NetworkSource(read_at=Days(24).now(), networks=networks)})


def test_the_operators_networks_hold_until_they_expire(tmp_path: Path) -> None:
    clock, file = Days(25), tmp_path / "networks.json"
    current = ReloadingJudge(file, clock)
    shipped = current.context
    write(file, own(OFFICE))

    current.refresh()
    assert "office" == str(current.context.networks.find(AZURE))
    (found,) = current(make_judged_message(click("m1", "1")).timeline)
    assert f"/{current.context.networks.version}/" in found.rules
    clock.day = 26
    current.refresh()
    assert shipped.version == current.context.version


def test_a_new_file_holds_at_the_next_look(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    current = ReloadingJudge(file, Days(24))
    current.refresh()
    shipped = current.context
    current.refresh()
    assert shipped is current.context

    write(file, own(OFFICE))
    current.refresh()
    assert "office" == str(current.context.networks.find(AZURE))
    file.unlink()
    current.refresh()
    assert "Microsoft AS8075" == str(current.context.networks.find(AZURE))


async def test_a_running_judge_follows(tmp_path: Path) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    class Stopping(Days):
        def now(self) -> datetime:
            """Whoever asks is told to stop."""
            loop.call_soon_threadsafe(stopping.set)
            return super().now()

    write(tmp_path / "networks.json", own(OFFICE))
    current = ReloadingJudge(tmp_path / "networks.json", Stopping(24))
    async with asyncio.timeout(10):
        await current.refresh_periodically(stopping)
    assert "office" == str(current.context.networks.find(AZURE))


def test_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    current = ReloadingJudge(file, Days(24))
    write(file, own(OFFICE))
    current.refresh()
    before = current.context
    file.write_text("{")
    current.refresh()
    assert before is current.context


def test_trouble_that_passes_is_told_once_and_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "networks.json"
    write(file, own(OFFICE))
    content, written = file.read_bytes(), file.stat()
    current = ReloadingJudge(file, Days(24))
    file.write_bytes(b"{")
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))
    with capture_logs() as logs:
        current.refresh()
        current.refresh()
    assert 1 == len(logs)

    file.write_bytes(content)
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))
    current.refresh()
    assert "office" == str(current.context.networks.find(AZURE))

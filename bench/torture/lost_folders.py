"""Lose and restore parts of the journal and its cursor under load.

In each round every link of a campaign is requested once. At random moments a worker's folder or the whole journal is
deleted, moved away and back, or restored from an older copy; or the cursor is deleted, damaged or restored. Every
answered click must be in the report exactly once, except those that a fault has deleted, which may be missing.
"""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.torture.clicks import (
    Moments,
    TortureResult,
    compare_counts,
    compare_final_counts,
    follow_links,
    seal_paths,
    wait_for_clicks,
)
from bench.torture.crash_targets import CrashTargets, running_targets
from bench.torture.recorded_clicks import list_all_segments, list_destinations

_WORKER_COUNT: Final = 2
_CURSOR: Final = "cursor.json"
_LINKS_BETWEEN_ROUNDS: Final = 64
"""Enough for each worker to get some."""


@dataclass(frozen=True, slots=True)
class Round:
    """A round: its processes, an empty folder for copies, and two random moments."""

    targets: CrashTargets
    folder: Path
    moments: Moments

    @property
    def worker_folder(self) -> Path:
        """Folder of a worker's segments."""
        return self.targets.journal / "edge-0"


def _take_away(folder: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # a fault of an earlier round, and no click since then
        folder.rename(target)


async def _delete_folder(round_: Round) -> None:
    await round_.moments.wait(0)
    _take_away(round_.worker_folder, round_.folder / "deleted")


async def _delete_journal(round_: Round) -> None:
    await round_.moments.wait(0)
    _take_away(round_.targets.journal, round_.folder / "deleted")


async def _move_folder_away_and_back(round_: Round) -> None:
    away = round_.folder / "away"
    await round_.moments.wait(0)
    _take_away(round_.worker_folder, away)
    await round_.moments.wait(1)
    round_.worker_folder.mkdir(exist_ok=True)
    for segment in list_all_segments(away):
        segment.path.rename(round_.worker_folder / segment.path.name)


async def _restore_journal(round_: Round) -> None:
    """Only the cursor stays as it is."""
    targets, copy = round_.targets, round_.folder / "copy"
    await round_.moments.wait(0)
    shutil.copytree(targets.journal, copy, ignore=shutil.ignore_patterns(".*"))
    await round_.moments.wait(1)
    await targets.kill_and_wait(targets.process_names)
    targets.journal.rename(round_.folder / "deleted")
    copy.rename(targets.journal)
    shutil.copy(round_.folder / "deleted" / _CURSOR, targets.journal / _CURSOR)
    await targets.start(targets.process_names)


async def _restore_cursor(round_: Round) -> None:
    targets, copy = round_.targets, round_.folder / _CURSOR
    await round_.moments.wait(0)
    shutil.copy(targets.journal / _CURSOR, copy)
    await round_.moments.wait(1)
    await targets.kill_and_wait(["engine"])
    shutil.copy(copy, targets.journal / _CURSOR)
    await targets.start(["engine"])


async def _delete_cursor(round_: Round) -> None:
    await round_.moments.wait(0)
    await round_.targets.kill_and_wait(["engine"])
    (round_.targets.journal / _CURSOR).unlink()
    await round_.targets.start(["engine"])


async def _damage_cursor(round_: Round) -> None:
    path = round_.targets.journal / _CURSOR
    await round_.moments.wait(0)
    await round_.targets.kill_and_wait(["engine"])
    data = bytearray(path.read_bytes())
    data[secrets.randbelow(len(data))] ^= 1 << secrets.randbelow(8)
    path.write_bytes(data)
    await round_.targets.start(["engine"])


_FAULTS: Final[dict[str, Callable[[Round], Awaitable[None]]]] = {
    "deleted a folder": _delete_folder,
    "moved a folder away and back": _move_folder_away_and_back,
    "restored the journal": _restore_journal,
    "damaged the cursor": _damage_cursor,
    "restored the cursor": _restore_cursor,
    "deleted the cursor": _delete_cursor,
    "deleted the journal": _delete_journal,
}


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str) -> TortureResult:
    """Implement `bench.torture.scenarios.Scenario`."""
    expected: dict[str, set[str]] = {}
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as targets:
        await _follow_links_to_the_end(targets, "first")  # then journal and cursor exist
        for number in range(1, rounds + 1):
            campaign = f"round-{number}"
            fault = list(_FAULTS)[number % len(_FAULTS)]
            copies = folder / campaign
            copies.mkdir()
            moments = Moments(clicks, 2)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_run(_FAULTS[fault](Round(targets, copies, moments))))
                following = tasks.create_task(
                    follow_links(targets, seal_paths(targets.ring, campaign, clicks), on_request=moments.count_request)
                )
            deleted = list_destinations(copies) - list_destinations(targets.journal)
            expected[campaign] = following.result() - deleted
            counted = await wait_for_clicks(targets, campaign, expected[campaign])
            lost = len(following.result()) - len(expected[campaign])
            result = compare_counts(clicks, expected[campaign], counted)
            print(f"round {number}: {fault} with {lost} clicks; {result}", flush=True)
            shutil.rmtree(copies)
            await _follow_links_to_the_end(targets, f"after-{campaign}")
        return await compare_final_counts(targets, expected, clicks=clicks)


async def _run(fault: Awaitable[None]) -> None:
    await fault


async def _follow_links_to_the_end(targets: CrashTargets, campaign: str) -> None:
    """Follow some links, and wait until they are in the report.

    A worker whose folder is gone notices that with its next click, and keeps clicks in memory for a quarter of a
    second. A kill in this time loses them, as promise.md says: a round must begin after it.
    """
    answered = await follow_links(targets, seal_paths(targets.ring, campaign, _LINKS_BETWEEN_ROUNDS))
    await wait_for_clicks(targets, campaign, answered)

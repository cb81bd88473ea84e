"""Kill processes under load.

In each round every link of a campaign is requested once, and processes are killed by SIGKILL at a random moment: mostly
a worker, in one round of four the engine, and in one of twenty everything. A request whose connection breaks counts as
unanswered and is not repeated. Every answered click must be in the report exactly once.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Final

from bench.torture.clicks import (
    TortureResult,
    compare_counts,
    compare_final_counts,
    follow_links,
    seal_paths,
    wait_for_clicks,
)
from bench.torture.crash_targets import CrashTargets, running_targets

_WORKER_COUNT: Final = 2
_ROUNDS_PER_ENGINE_KILL: Final = 4
_ROUNDS_PER_KILL_OF_ALL: Final = 20
_MAX_ENGINE_KILL_DELAY_MS: Final = 900


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str) -> TortureResult:
    """Implement `bench.torture.scenarios.Scenario`."""
    answered: dict[str, set[str]] = {}
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as targets:
        for number in range(1, rounds + 1):
            campaign = f"round-{number}"
            killed_names = _pick_targets(number, targets.process_names)
            answered[campaign] = await _click_and_kill(
                targets, seal_paths(targets.ring, campaign, clicks), names=killed_names
            )
            counted = await wait_for_clicks(targets, campaign, answered[campaign])
            result = compare_counts(clicks, answered[campaign], counted)
            print(f"round {number}: killed {', '.join(killed_names)}; {result}", flush=True)
        return await compare_final_counts(targets, answered, clicks=clicks)


def _pick_targets(number: int, names: list[str]) -> list[str]:
    *workers, engine = names
    if number % _ROUNDS_PER_KILL_OF_ALL == 0:
        return names
    return [secrets.choice(workers)] if number % _ROUNDS_PER_ENGINE_KILL else [engine]


async def _click_and_kill(targets: CrashTargets, paths: dict[str, str], *, names: list[str]) -> set[str]:
    """Follow every link, kill and restart processes meanwhile, and return the answered destinations."""
    kill_now = asyncio.Event()
    kill_after = secrets.randbelow(len(paths))

    def count_request(number: int) -> None:
        if number > kill_after:
            kill_now.set()

    async def kill_and_restart() -> None:
        await kill_now.wait()
        if names == ["engine"]:  # it processes clicks some tenths of a second after they were written
            await asyncio.sleep(secrets.randbelow(_MAX_ENGINE_KILL_DELAY_MS) / 1000)
        targets.kill(names)
        await targets.start(names)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kill_and_restart())
        answered = tasks.create_task(follow_links(targets, paths, on_request=count_request))
    return answered.result()

"""What is done now and then."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.link_set import ShortLinkMessage
from clicktrail.server.settings.schema import RegistrySettings, Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.jobs import run_periodically, run_report_recount, run_short_link_expiry, sleep_or_stop
from clicktrail.server.wiring.stores import open_registry


async def test_trouble_is_told_and_work_goes_on() -> None:
    stopping = asyncio.Event()
    refused: list[StorageError] = []
    done: list[int] = []

    async def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise StorageError("no")
        stopping.set()

    async with asyncio.timeout(10):
        await run_periodically(work, stopping, interval_s=0.001, on_error=refused.append)

    assert [0, 1] == done
    assert ["no"] == [str(error) for error in refused]


async def test_a_pause_ends_when_told_to_stop() -> None:
    stopping = asyncio.Event()
    await sleep_or_stop(stopping, 0.001)
    asyncio.get_running_loop().call_soon(stopping.set)

    async with asyncio.timeout(10):
        await sleep_or_stop(stopping, 3_600)

    assert stopping.is_set()


@pytest.mark.parametrize(("days", "left"), [(30, [29]), (0, [29, 31])])
async def test_old_short_links_are_deleted(tmp_path: Path, days: int, left: list[int]) -> None:
    settings = Settings(data_dir=str(tmp_path), registry=RegistrySettings(short_link_days=days))
    stopping, now = asyncio.Event(), SystemClock().now()
    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        for age in (29, 31):
            await registry.short_links.add(
                ShortLinkMessage(
                    code=age,
                    message_id="",
                    recipient="",
                    campaign="",
                    created_at=now - timedelta(days=age),
                    links=(),
                )
            )
        tasks.create_task(run_short_link_expiry(stopping, settings, registry.short_links))
        async with asyncio.timeout(10):
            while [age for age in (29, 31) if await registry.short_links.find(age)] != left:
                pass
        stopping.set()


async def test_counts_rest_after_each_also_when_one_fails() -> None:
    stopping = asyncio.Event()
    spans: list[tuple[float, float]] = []

    async def recount() -> None:
        began = time.monotonic()
        await asyncio.sleep(0.2)  # what a count takes
        spans.append((began, time.monotonic()))
        if len(spans) == 2:
            stopping.set()
        raise StorageError("no")

    async with asyncio.timeout(60):
        await run_report_recount(stopping, recount)

    (began, ended), (again, _) = spans
    assert again - ended >= 4 * (ended - began) * 0.99

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.link_set import ShortLinkMessage
from clicktrail.server.settings.schema import RegistrySettings, Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.jobs import (
    keep_running,
    run_filter_loading,
    run_nightly,
    run_periodically,
    run_short_link_expiry,
    sleep_or_stop,
)
from clicktrail.server.wiring.stores import open_registry
from tests.support.waiting import wait_until


async def test_failed_job_is_reported_and_run_again() -> None:
    stopping = asyncio.Event()
    errors: list[Exception] = []
    runs: list[int] = []

    async def job() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise StorageError("no")
        stopping.set()

    async with asyncio.timeout(10):
        await run_periodically(job, stopping, interval_s=0.001, on_error=errors.append)

    assert runs == [0, 1]
    assert [str(error) for error in errors] == ["no"]


async def test_unexpected_exception_ends_no_job() -> None:
    stopping = asyncio.Event()
    errors: list[Exception] = []
    runs: list[int] = []

    async def job() -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            stopping.set()
        raise ZeroDivisionError

    async with asyncio.timeout(60):
        await run_periodically(job, stopping, interval_s=0.001, on_error=errors.append)
        stopping.clear()
        runs.clear()
        await keep_running(job, stopping)

    assert (len(runs), len(errors)) == (3, 3)


async def test_finished_job_is_not_started_again() -> None:
    runs: list[int] = []

    async def job() -> None:
        runs.append(1)

    async with asyncio.timeout(10):
        await keep_running(job, asyncio.Event())

    assert runs == [1]


async def test_sleep_ends_when_stopped() -> None:
    stopping = asyncio.Event()
    await sleep_or_stop(stopping, 0.001)
    asyncio.get_running_loop().call_soon(stopping.set)

    async with asyncio.timeout(10):
        await sleep_or_stop(stopping, 3_600)

    assert stopping.is_set()


@pytest.mark.parametrize(("days", "remaining_ages"), [(30, [29]), (0, [29, 31])])
async def test_old_short_links_are_deleted(tmp_path: Path, days: int, remaining_ages: list[int]) -> None:
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

        async def find_ages() -> list[int]:
            return [age for age in (29, 31) if await registry.short_links.find(age)]

        await wait_until(find_ages, lambda ages: ages == remaining_ages)
        stopping.set()


async def test_filters_are_loaded_until_stopped_even_after_a_failure() -> None:
    stopping = asyncio.Event()
    runs: list[int] = []

    async def load_next() -> None:
        runs.append(len(runs))
        if len(runs) == 2:
            stopping.set()
        raise StorageError("no")

    async with asyncio.timeout(60):
        await run_filter_loading(stopping, load_next)

    assert runs == [0, 1]


async def test_nightly_check_does_not_run_before_its_time() -> None:
    stopping = asyncio.Event()
    runs: list[int] = []

    async def check() -> None:
        runs.append(1)

    asyncio.get_running_loop().call_soon(stopping.set)
    async with asyncio.timeout(60):
        await run_nightly(stopping, check)

    assert runs == []

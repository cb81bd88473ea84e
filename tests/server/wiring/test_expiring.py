import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.model.stored import ShortMessage
from clicktrail.server.settings.sections import Registry, Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.expiring import expire_until
from clicktrail.server.wiring.registry import open_registry


@pytest.mark.parametrize(("days", "left"), [(30, [29]), (0, [29, 31])])
async def test_old_short_links_are_deleted(tmp_path: Path, days: int, left: list[int]) -> None:
    """Those of messages that are older than the setting says; none where it says for ever."""
    settings = Settings(data_dir=str(tmp_path), registry=Registry(short_link_days=days))
    stopping, now = asyncio.Event(), SystemClock().now()
    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        for age in (29, 31):
            await registry.short_links.add(
                ShortMessage(
                    code=age,
                    message_id="",
                    recipient="",
                    campaign="",
                    created_at=now - timedelta(days=age),
                    links=(),
                )
            )
        tasks.create_task(expire_until(stopping, settings, registry.short_links))
        async with asyncio.timeout(10):
            while [age for age in (29, 31) if await registry.short_links.find(age)] != left:
                pass
        stopping.set()

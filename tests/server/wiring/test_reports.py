import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from clicktrail.server.engine_client import EngineClient
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.offline import OfflineReports
from clicktrail.server.wiring.reports import open_reports
from tests.support.console import serve_console
from tests.support.memory_analytics import MemoryAnalytics


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.basicConfig(force=True)
    sys.excepthook = sys.__excepthook__


def opened_type(settings: Settings) -> type:
    """The class of the reports that a command gets."""
    with open_reports(settings) as reports:
        return type(reports)


async def test_running_engine_is_asked_else_the_data_folder_is_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    assert await asyncio.to_thread(opened_type, settings) is OfflineReports
    async with serve_console(MemoryAnalytics()) as console_url:
        settings.run_file_path.write_text(json.dumps({"console": console_url}), "utf-8")
        assert await asyncio.to_thread(opened_type, settings) is EngineClient
    # The engine crashed and left its run file.
    assert await asyncio.to_thread(opened_type, settings) is OfflineReports

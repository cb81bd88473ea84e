from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clicktrail.server.analytics.connection import ChdbPool, migrate


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbPool]:
    """Connections to tables with nothing in them."""
    opened = ChdbPool(tmp_path / "analytics")
    await migrate(opened)
    yield opened
    await opened.close()

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clicktrail.server.analytics.connection import ChdbConnections, migrate


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbConnections]:
    """Connections to tables with nothing in them."""
    opened = ChdbConnections(tmp_path / "analytics")
    await migrate(opened)
    yield opened
    await opened.close()

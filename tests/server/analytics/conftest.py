from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clicktrail.server.analytics.connection import ChdbPool, migrate
from clicktrail.server.analytics.store import ChdbAnalytics
from tests.support.settable_clock import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbPool]:
    """Connections to empty tables."""
    connections = ChdbPool(tmp_path / "analytics")
    await migrate(connections)
    yield connections
    await connections.close()


@pytest.fixture
async def analytics(tmp_path: Path, clock: SettableClock) -> AsyncIterator[ChdbAnalytics]:
    """An empty store."""
    analytics = await ChdbAnalytics.open(tmp_path / "analytics", clock)
    yield analytics
    await analytics.close()

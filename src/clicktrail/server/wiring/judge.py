"""Follow what the operator says of networks while clicks are judged."""

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import structlog

from clicktrail.errors import ClicktrailError
from clicktrail.judge import judge
from clicktrail.judge.address_activity import AddressClick
from clicktrail.judge.shipped import build_context_with_networks, load_shipped_context
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server import operator_networks
from clicktrail.server.ports import Clock
from clicktrail.server.wiring.jobs import sleep_or_stop

__all__ = ["ReloadingJudge"]

_LOG = structlog.get_logger(component="judge")
_REFRESH_INTERVAL_S = 5.0
"""How soon a judge goes by networks that the operator told us of."""


class ReloadingJudge:
    """A judge that goes by the operator's networks as they stand in the data folder.

    What is there holds from the first `refresh` on. Where it cannot be read, that is logged, and what held before holds
    on: a list that is damaged must not keep clicks from being judged.

    Args:
        networks_path: what ``clicktrail networks update`` writes.
        clock: tells when a network counts no more.
    """

    def __init__(self, networks_path: Path, clock: Clock) -> None:
        self._networks_path = networks_path
        self._clock = clock
        self._loaded_version: tuple[int, date] | None = None
        self._last_error = ""
        self.context = load_shipped_context()

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        """A verdict for each click of a timeline."""
        return judge(timeline, self.context, address_clicks)

    def refresh(self) -> None:
        """Read the file if it is another one, or another day, than the last time."""
        today = self._clock.now().date()
        try:
            seen = (self._networks_path.stat().st_mtime_ns if self._networks_path.exists() else 0, today)
            if seen == self._loaded_version:
                return
            self.context = build_context_with_networks(
                operator_networks.read(self._networks_path).all_networks, today=today
            )
            self._loaded_version, self._last_error = seen, ""
        except (OSError, ClicktrailError) as error:
            if str(error) != self._last_error:  # said once, and tried again at each look: it may pass
                _LOG.error("cannot read the operator's networks, judging by those of before", error=error)
            self._last_error = str(error)

    async def refresh_periodically(self, stopping: asyncio.Event) -> None:
        """Refresh every few seconds, until told to stop."""
        while not stopping.is_set():
            await asyncio.to_thread(self.refresh)
            await sleep_or_stop(stopping, _REFRESH_INTERVAL_S)

"""Follow what the operator says of networks while clicks are judged."""

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import structlog

from clicktrail.errors import ClicktrailError
from clicktrail.judge import judge
from clicktrail.judge.address_activity import Visit
from clicktrail.judge.shipped import context_with, shipped_context
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server import operator_networks
from clicktrail.server.ports import Clock
from clicktrail.server.wiring.jobs import pause

__all__ = ["CurrentJudge"]

_LOG = structlog.get_logger(part="judge")
_LOOK_S = 5.0
"""How soon a judge goes by networks that the operator told us of."""


class CurrentJudge:
    """A judge that goes by the operator's networks as they stand in the data folder.

    What is there holds from the first `refresh` on. Where it cannot be read, that is logged, and what held before holds
    on: a list that is damaged must not keep clicks from being judged.

    Args:
        file: what ``clicktrail networks update`` writes.
        clock: tells when a network counts no more.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._seen: tuple[int, date] | None = None
        self._trouble = ""
        self.context = shipped_context()

    def __call__(self, timeline: Timeline, *, nearby: Iterable[Visit] = ()) -> tuple[JudgedClick, ...]:
        """A verdict for each click of a timeline."""
        return judge(timeline, self.context, nearby)

    def refresh(self) -> None:
        """Read the file if it is another one, or another day, than the last time."""
        today = self._clock.now().date()
        try:
            seen = (self._file.stat().st_mtime_ns if self._file.exists() else 0, today)
            if seen == self._seen:
                return
            self.context = context_with(operator_networks.read(self._file).listed, today=today)
            self._seen, self._trouble = seen, ""
        except (OSError, ClicktrailError) as error:
            if str(error) != self._trouble:  # said once, and tried again at each look: it may pass
                _LOG.error("cannot read the operator's networks, judging by those of before", error=error)
            self._trouble = str(error)

    async def follow(self, stopping: asyncio.Event) -> None:
        """Refresh every few seconds, until told to stop."""
        while not stopping.is_set():
            await asyncio.to_thread(self.refresh)
            await pause(stopping, _LOOK_S)

"""Give the judge the rules, networks and agents that we ship, and the networks that the operator told us of."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache, partial
from importlib import resources
from pathlib import Path

import structlog

from clicktrail.errors import ClicktrailError
from clicktrail.judge import Context, judge
from clicktrail.judge.network_table import unpack
from clicktrail.judge.networks import Networks
from clicktrail.judge.published import Listed, table_of
from clicktrail.judge.visits import Visit
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server import own_networks
from clicktrail.server.pipeline.process import Judge
from clicktrail.server.ports import Clock
from clicktrail.server.wiring.repeating import pause

__all__ = ["CurrentJudge", "context_with", "shipped_judge"]

_LOG = structlog.get_logger(part="judge")
_LOOK_S = 5.0
"""How soon a judge goes by networks that the operator told us of."""


def shipped_judge() -> Judge:
    """A judge by what we ship alone."""
    return partial(judge, context=_shipped())


def context_with(listed: Iterable[Listed], *, today: date) -> Context:
    """What we ship, and before our networks those of the operator that count today."""
    context, own = _shipped(), table_of(listed, today=today)
    return replace(context, networks=Networks(own, *context.networks.tables)) if own.networks else context


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
        self.context = _shipped()

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
            self._seen = seen
            self.context = context_with(own_networks.read(self._file).listed, today=today)
        except (OSError, ClicktrailError) as error:
            _LOG.error("cannot read the operator's networks, judging by those of before", error=error)

    async def follow(self, stopping: asyncio.Event) -> None:
        """Refresh every few seconds, until told to stop."""
        while not stopping.is_set():
            await asyncio.to_thread(self.refresh)
            await pause(stopping, _LOOK_S)


@cache
def _shipped() -> Context:
    data = resources.files("clicktrail.judge") / "data"
    rules, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "agents"))
    networks = Networks(unpack((data / "networks.bin").read_bytes()))
    return Context.of(rules_toml=rules, networks=networks, agents_toml=agents)

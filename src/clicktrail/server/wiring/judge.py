"""A judge that reloads the operator's networks while it is in use."""

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import structlog

from clicktrail.errors import ClicktrailError
from clicktrail.judge import judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.shipped import build_context_with_networks, load_shipped_context
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server import operator_networks
from clicktrail.server.applied_files import get_file_version
from clicktrail.server.ports import Clock
from clicktrail.server.wiring.jobs import sleep_or_stop

_LOG = structlog.get_logger(component="judge")
_REFRESH_INTERVAL_S = 5.0


class ReloadingJudge:
    """Judge with the networks in the data folder; before the first `refresh`, with those of the package alone.

    If the file cannot be read, the error is logged once and the networks in use stay: a damaged file must not keep
    clicks from being judged.
    """

    def __init__(self, networks_path: Path, clock: Clock) -> None:
        self._networks_path = networks_path
        self._clock = clock
        self._loaded_version: tuple[str, date] | None = None
        self._last_error = ""
        self.context = load_shipped_context()

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        """Judge each click of a timeline."""
        return judge(timeline, self.context, address_clicks)

    def refresh(self) -> None:
        """Reload the networks if the file has changed, or if the day has changed: networks expire by date."""
        today = self._clock.now().date()
        try:
            version = get_file_version(self._networks_path), today  # before the file is read
            if version == self._loaded_version:
                return
            networks = operator_networks.read(self._networks_path).all_networks
            self.context = build_context_with_networks(networks, today=today)
            self._loaded_version, self._last_error = version, ""
        except (OSError, ClicktrailError) as error:
            if str(error) != self._last_error:
                _LOG.error("cannot reload the operator's networks, trying again", error=error)
            self._last_error = str(error)

    async def refresh_periodically(self, stopping: asyncio.Event) -> None:
        """Refresh every few seconds until stopped."""
        while not stopping.is_set():
            await asyncio.to_thread(self.refresh)
            await sleep_or_stop(stopping, _REFRESH_INTERVAL_S)

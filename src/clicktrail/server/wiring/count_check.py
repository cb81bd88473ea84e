"""Count all campaigns again every night, and report the numbers that were different."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from clicktrail.server.monitoring.heartbeat import Problem
from clicktrail.server.ports import Reports

_LOG = structlog.get_logger(component="engine")
_CHECK_HOUR: Final = 3
"""UTC. Few messages are sent at night in Europe and the Americas, and a store waits while its campaign is counted."""


class CountCheck:
    """Compares the counts of reports, which are kept by differences, with the clicks and messages.

    Attributes:
        corrected_count: campaigns whose numbers were corrected since the start.
    """

    def __init__(self, reports: Reports) -> None:
        self.corrected_count = 0
        self._reports = reports
        self._last_corrected_count = 0

    async def run_once(self) -> None:
        """Count every campaign again. Wrong numbers are corrected, and logged.

        Raises:
            StorageError: some campaigns were not counted.
        """
        names = [report.campaign for report in await self._reports.campaigns()]
        corrected = await self._reports.recount(names)
        self._last_corrected_count = len(corrected)
        self.corrected_count += len(corrected)
        for campaign in corrected:
            _LOG.error("a report had wrong numbers and was corrected", campaign=campaign)

    def collect_problems(self) -> tuple[Problem, ...]:
        """A problem if the last check found wrong numbers."""
        if not self._last_corrected_count:
            return ()
        return (
            Problem(
                code="reports-corrected",
                hint=f"{self._last_corrected_count} campaigns had wrong numbers until the last nightly check, which "
                "corrected them: please report it, with the log",
            ),
        )


def seconds_until_check(now: datetime) -> float:
    """Seconds until the next check."""
    next_check = now.replace(hour=_CHECK_HOUR, minute=0, second=0, microsecond=0)
    if next_check <= now:
        next_check += timedelta(days=1)
    return (next_check - now).total_seconds()

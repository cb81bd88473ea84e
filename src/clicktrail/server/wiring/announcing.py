"""Announce what became of clicks: in the log, and counted for the metrics."""

from collections import Counter
from collections.abc import Sequence

import structlog

from clicktrail.server.ports import JudgedMessage

__all__ = ["LoggedAnnouncements"]

_LOG = structlog.get_logger(part="judge")


class LoggedAnnouncements:
    """The port Announcements: a line of the log for the clicks of a campaign that changed alike at once.

    Attributes:
        changes: how many clicks changed since the start, by ``human_to_bot`` and so on.
    """

    def __init__(self) -> None:
        self.changes: Counter[str] = Counter()

    def stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Count clicks that have another verdict, and log how many: no line names any of them."""
        moved = Counter(
            (message.timeline.campaign, f"{before}_to_{judged.verdict}")
            for message in messages
            for before, judged in message.changes
        )
        for (campaign, change), clicks in sorted(moved.items()):
            self.changes[change] += clicks
            _LOG.info("click.reclassified", campaign=campaign, change=change, clicks=clicks)

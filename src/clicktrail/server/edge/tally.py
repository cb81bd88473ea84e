"""What a worker of the edge has answered, counted in plain numbers: a click has no time for more."""

from collections import Counter

from clicktrail.server.edge.responses import Response
from clicktrail.server.monitoring.catalogue import ANSWER_SECONDS
from clicktrail.server.monitoring.histogram import Histogram

__all__ = ["Tally"]

_STATUS = slice(len("HTTP/1.1 "), len("HTTP/1.1 302"))


class Tally:
    """Counts since the start.

    Attributes:
        seconds: from requests to their answers.
    """

    __slots__ = ("_statuses", "seconds")

    def __init__(self) -> None:
        self.seconds = Histogram(ANSWER_SECONDS.bounds)
        self._statuses: Counter[bytes] = Counter()

    @property
    def statuses(self) -> dict[str, int]:
        """Answers by their status, such as ``302``."""
        return {status.decode(): count for status, count in self._statuses.items()}

    def count(self, response: Response, seconds: float) -> None:
        """Count an answer that took so long."""
        self._statuses[response.head[_STATUS]] += 1
        self.seconds.observe(seconds)

"""A clock that tests set."""

from datetime import datetime

from tests.support.judged_lines import SENT_AT


class SetClock:
    """The port `Clock`, at a time that the test sets."""

    def __init__(self) -> None:
        self.time = SENT_AT

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time

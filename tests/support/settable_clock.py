"""A clock that tests set."""

from datetime import datetime

from tests.support.judged_lines import SENT_AT


class SettableClock:
    def __init__(self) -> None:
        self.time = SENT_AT

    def now(self) -> datetime:
        return self.time

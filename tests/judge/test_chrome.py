from datetime import date
from itertools import pairwise

import pytest

from tests.clicks import CONTEXT

CHROME = CONTEXT.rules.chrome


@pytest.mark.parametrize(("version", "days"), [(148, 174), (149, 146), (150, None), (400, None), (1, 2484)])
def test_days_old(version: int, days: int | None) -> None:
    """Counted from the day on which the next version came; what came last has been replaced by none that we know."""
    assert days == CHROME.days_old(version, date(2026, 11, 23))


def test_releases_left_out() -> None:
    """A version between two of the table is as young as the younger one allows."""
    assert CHROME.days_old(120, date(2026, 1, 1)) == CHROME.days_old(121, date(2026, 1, 1))


def test_shipped_table() -> None:
    """In order, with a source, and no version that came on no day."""
    assert CHROME.source
    assert all(older.version < newer.version and older.date < newer.date for older, newer in pairwise(CHROME.releases))

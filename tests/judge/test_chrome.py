from datetime import date, timedelta
from itertools import pairwise

import pytest

from clicktrail.judge.chrome import Chrome
from tests.clicks import CONTEXT

CHROME = CONTEXT.rules.chrome


@pytest.mark.parametrize(("version", "days"), [(148, 174), (149, 146), (154, 48), (155, 20), (156, -8), (1, 2484)])
def test_days_old(version: int, days: int) -> None:
    """Counted from the day on which the next version came, or comes by the calendar."""
    assert days == CHROME.days_old(version, date(2026, 11, 23))


def test_calendar_goes_on() -> None:
    """Years after the table's end a version is not older than four weeks a version make it, and some time it is old."""
    assert [0, 28, 365 * 3] == [
        CHROME.days_old(155 + 20, date(2026, 10, 6) + timedelta(days=21 * 28)),
        CHROME.days_old(155 + 20, date(2026, 10, 6) + timedelta(days=22 * 28)),
        CHROME.days_old(155 + 20, date(2026, 10, 6) + timedelta(days=21 * 28 + 365 * 3)),
    ]


def test_versions_that_never_come() -> None:
    """A made up number is no old one, and where there is no table nothing is."""
    assert [True, True] == [chrome.days_old(999_999, date(2026, 11, 23)) < 0 for chrome in (CHROME, Chrome())]


def test_releases_left_out() -> None:
    """A version between two of the table is as young as the younger one allows."""
    assert CHROME.days_old(120, date(2026, 1, 1)) == CHROME.days_old(121, date(2026, 1, 1))


def test_shipped_table() -> None:
    """In order, with a source, and no version that came on no day."""
    assert CHROME.source
    assert all(older.version < newer.version and older.date < newer.date for older, newer in pairwise(CHROME.releases))

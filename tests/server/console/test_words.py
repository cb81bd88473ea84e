from datetime import UTC, datetime, timedelta, timezone

import pytest

from clicktrail.server.console.words import moment, number, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (0.0004, "<0.1%"), (0.0005, "0.1%"), (0.402, "40.2%"), (1, "100.0%"), (2.5, "250.0%")],
)
def test_shares_have_one_decimal_and_are_never_rounded_to_nothing(share: float, text: str) -> None:
    """Zero is shown for zero only."""
    assert text == percent(share)


def test_thousands_are_set_apart() -> None:
    """Large counts can be read."""
    assert "1,234,567" == number(1_234_567)


@pytest.mark.parametrize("hours", [0, 5])
def test_times_are_shown_in_utc(hours: int) -> None:
    """A time is the same for every reader."""
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert "3 November 2026, 09:05 UTC" == moment(at)

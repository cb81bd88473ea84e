"""The range of times that clicktrail accepts from outside: 1970 to 2099, in UTC.

ClickHouse's DateTime64 holds 1900 to 2299, and Python's datetime the years 1 to 9999. With this range no sum or
difference in judge and reports, of a few days at most, leaves either.
"""

from datetime import UTC, datetime
from typing import Final

FIRST_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME: Final = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Its fractions are supported, too."""


def check_time(at: datetime) -> datetime:
    """Return an aware time that is in the range.

    Raises:
        ValueError: it has no time zone, or is outside.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    # The year first: beside the years 1 and 9999, a comparison in UTC would overflow.
    is_supported = FIRST_TIME.year <= at.year <= LAST_TIME.year
    if not is_supported or not FIRST_TIME <= at.replace(microsecond=0) <= LAST_TIME:
        raise ValueError(f"{at.isoformat()} is not between {FIRST_TIME.year} and {LAST_TIME.year}")
    return at


def clamp_time(at: datetime) -> datetime:
    """Return the nearest time in the range; UTC if it has no time zone."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    try:
        return check_time(at)
    except ValueError:
        return FIRST_TIME if at.year <= FIRST_TIME.year else LAST_TIME


def clamp_timestamp(timestamp: float) -> datetime:
    """Convert Unix time in seconds to the nearest time in the range."""
    return datetime.fromtimestamp(min(max(timestamp, FIRST_TIME.timestamp()), LAST_TIME.timestamp()), UTC)

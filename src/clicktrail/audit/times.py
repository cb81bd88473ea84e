"""Read the times of other programs: ISO 8601, Unix time, days as numbers, and dates in national orders.

The order of day and month is never guessed from one date: ``11/12/2026`` is read only if another date of the file, or
the user, decides the order. A time without a zone is in the zone that the user names, or else in UTC.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import IntEnum, StrEnum
from typing import Final

from clicktrail.errors import ClicktrailError, EventError


class DateOrder(StrEnum):
    """Order of day, month and year in a date of numbers."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class Resolution(IntEnum):
    """What times distinguish, in seconds."""

    SECOND = 1
    MINUTE = 60
    HOUR = 3_600
    DAY = 86_400


FIRST_YEAR: Final = 2000
"""No click was recorded before."""
_EXCEL_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of Excel's numbers, with which its days after February 1900 are right."""
_FIRST_EXCEL_DAY: Final = 36_526
"""2000-01-01."""
_EXCEL_DIGITS: Final = 5

_NUMBER: Final = re.compile(r"([0-9]{5,19})(?:[.,]([0-9]*))?")
_COMPACT_FORMATS: Final = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_COMPACT_RESOLUTIONS: Final = {8: Resolution.DAY, 10: Resolution.HOUR, 12: Resolution.MINUTE, 14: Resolution.SECOND}
_UNIX_DIVISORS: Final = {9: 1, 10: 1, 12: 1_000, 13: 1_000, 15: 1_000_000, 16: 1_000_000, 18: 10**9, 19: 10**9}
"""By number of digits; one less is a time before September 2001."""

_ISO_DATE: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ]([0-9]{2})(?::?([0-9]{2}))?(?::?([0-9]{2}))?|$)"
)
_NUMERIC_DATE: Final = re.compile(
    r"([0-9]{1,4}) ?([./-]) ?([0-9]{1,2}) ?\2 ?([0-9]{4}|[0-9]{1,2})\.?(?:(?:[T ]|, ?) ?(.*))?"
)
_CLOCK: Final = re.compile(
    r"([0-9]{1,2})(?:[:.h]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
    r" ?(?:([ap])\.?m\.?)? ?(z|utc|gmt|(?:utc|gmt)?[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_CLOCK_IN_TEXT: Final = re.compile(r"[0-9]{1,2}[:.][0-9]{2}(?:([:.])[0-9]{2})?|\b[0-9]{1,2} ?[ap]m\b", re.IGNORECASE)
_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_UTC_SUFFIX: Final = re.compile(r" UTC$")
_COMMENT: Final = re.compile(r" \([^()]*\)$")
"""Name of the zone behind its offset (RFC 5322 section 3.2.2)."""
_ZONE_BEFORE_OFFSET: Final = re.compile(r"(?:GMT|UTC) ?(?=[+-][0-9])")
"""``GMT+0100``, as JavaScript writes it: dateutil reads it like POSIX, with the opposite sign."""
_ZONE_AFTER_OFFSET: Final = re.compile(r"([+-][0-9]{2}:?[0-9]{2}) [A-Z]{3,4}$")
_LOG_TIME: Final = re.compile(r"^([0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}):")
"""``18/Nov/2026:08:06:40``, as web servers write it."""
_MAX_TIME_CHARS: Final = 64
_MIN_NAMED_DATE_NUMBERS: Final = 2
"""A date with the name of a month has a day and a year."""
_ZONE_HOURS: Final = {
    "Z": 0,
    "UT": 0,
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "MEZ": 1,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
"""RFC 5322 section 4.3 and the zones of the European Union. Others, such as IST, have several meanings."""


def _explain_ambiguous_order(text: str) -> ClicktrailError:
    return ClicktrailError(
        f"'{text}' may be day or month first, and no date of the file decides it",
        hint="add --dates dmy, --dates mdy or --dates ymd",
    )


@dataclass(slots=True, kw_only=True)
class TimeReader:
    """Reads the times of one file, and records what was assumed about them.

    Attributes:
        latest_year: later years are errors.
        zone: zone of times without one; None for UTC, which is an assumption.
        order: order of day and month; None if not known yet.
        find_order: finds the order when a date needs it, by reading the file's other dates; None if none decides.
        is_zone_assumed: a time had no zone, and the user named none.
        is_order_found: the order was found by the file's dates.
        latest_resolution: of the time that was read last.
    """

    latest_year: int = 2099
    zone: tzinfo | None = None
    order: DateOrder | None = None
    find_order: Callable[[], DateOrder | None] = field(default=lambda: None)
    is_zone_assumed: bool = False
    is_order_found: bool = False
    latest_resolution: Resolution = Resolution.SECOND

    def read(self, value: object) -> datetime:
        """Read a time, aware and in UTC.

        Raises:
            EventError: it is not a time from 2000 to the latest year.
            ClicktrailError: the order of day and month is not known.
        """
        text = "" if value is None else str(value).strip()
        if not text:
            raise EventError("not an event: it has no time")
        try:
            at, resolution = self._parse(text[: _MAX_TIME_CHARS + 1])
            if at.tzinfo is None:
                self.is_zone_assumed |= self.zone is None and resolution is not Resolution.DAY
                at = at.replace(tzinfo=self.zone or UTC)
            at = at.astimezone(UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise EventError(f"not an event: '{text[:_MAX_TIME_CHARS]}' is not a time") from error
        self.check_year(at)
        self.latest_resolution = resolution
        return at

    def check_year(self, at: datetime) -> None:
        """Check that a time is not before 2000, nor after the latest year.

        Raises:
            EventError: it is.
        """
        if not FIRST_YEAR <= at.year <= self.latest_year:
            raise EventError(f"not an event: its year {at.year} is not from {FIRST_YEAR} to {self.latest_year}")

    def _parse(self, text: str) -> tuple[datetime, Resolution]:
        if number := _NUMBER.fullmatch(text):
            return self._parse_number(number[1], number[2] or "")
        if match := _ISO_DATE.match(text):
            try:
                at = datetime.fromisoformat(_UTC_SUFFIX.sub("+00:00", text))
            except ValueError:  # such as 2026-11-18 8:06 PM
                pass
            else:
                return at, _find_resolution(match[4], match[5], match[6])
        if date := _NUMERIC_DATE.fullmatch(text):
            year, month, day = self._order_date(date)
            return _read_clock(datetime(year, month, day), date[5] or "")  # noqa: DTZ001 (its zone is read later)
        return _parse_with_dateutil(text)

    def _parse_number(self, digits: str, fraction: str) -> tuple[datetime, Resolution]:
        if len(digits) == _EXCEL_DIGITS and int(digits) >= _FIRST_EXCEL_DAY:
            seconds = round(float(f"0.{fraction}") * Resolution.DAY)
            at = (_EXCEL_EPOCH + timedelta(days=int(digits), seconds=seconds)).replace(tzinfo=None)
            return at, Resolution.SECOND if fraction else Resolution.DAY
        divisor = _UNIX_DIVISORS.get(len(digits))
        if divisor:
            at = datetime.fromtimestamp(float(f"{digits}.{fraction}") / divisor, UTC)
            if FIRST_YEAR <= at.year <= self.latest_year or len(digits) not in _COMPACT_FORMATS:
                return at, Resolution.SECOND
        compact_format = _COMPACT_FORMATS.get(len(digits))
        if not compact_format:
            raise ValueError(digits)
        return datetime.strptime(digits, compact_format), _COMPACT_RESOLUTIONS[len(digits)]  # noqa: DTZ007

    def _order_date(self, date: re.Match[str]) -> tuple[int, int, int]:
        orders = _list_possible_dates(date, self.latest_year)
        if not orders:
            raise ValueError(date[0])
        if len(set(orders.values())) == 1:
            found = next(iter(orders.values()))
            if self.order and self.order not in orders and len(date[1]) < len("2026"):
                raise ValueError(date[0])  # the other dates of the file have another order
            return found
        if self.order is None:
            self.order = DateOrder.DMY if date[2] == "." else self.find_order()
            self.is_order_found = True
        if self.order is None:
            raise _explain_ambiguous_order(date[0])
        if self.order not in orders:
            raise ValueError(date[0])
        return orders[self.order]


def find_date_order(texts: Iterable[str], latest_year: int) -> DateOrder | None:
    """Find the only order in which all these dates are possible; None if there are several or none."""
    possible = set(DateOrder)
    for text in texts:
        date = _NUMERIC_DATE.fullmatch(text.strip()[:_MAX_TIME_CHARS])
        orders = _list_possible_dates(date, latest_year) if date and len(date[1]) < len("2026") else {}
        if len(set(orders.values())) > 1 or len(orders) == 1:
            possible &= orders.keys()
        if len(possible) == 1:
            return possible.pop()
        if not possible:
            return None
    return None


def _list_possible_dates(date: re.Match[str], latest_year: int) -> dict[DateOrder, tuple[int, int, int]]:
    """Year, month and day in every order that is possible. A year of two digits is after 2000."""
    first, second, third = date[1], date[3], date[4]
    candidates: dict[DateOrder, tuple[str, str, str]] = {}
    if len(first) == len("2026"):
        candidates[DateOrder.YMD] = (first, second, third)
    elif len(first) <= len("26"):
        candidates[DateOrder.DMY] = (third, second, first)
        candidates[DateOrder.MDY] = (third, first, second)
        if len(first) == len(third) == len("26"):
            candidates[DateOrder.YMD] = (first, second, third)
    dates = {
        order: (int(year) + (FIRST_YEAR if len(year) <= len("26") else 0), int(month), int(day))
        for order, (year, month, day) in candidates.items()
    }
    return {
        order: (year, month, day)
        for order, (year, month, day) in dates.items()
        if FIRST_YEAR <= year <= latest_year and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004
    }


def _read_clock(day: datetime, text: str) -> tuple[datetime, Resolution]:
    """Add a time of day such as ``8:06``, ``08:06:40.5 +0200`` or ``8:06 PM`` to a day."""
    if not text.strip():
        return day, Resolution.DAY
    clock = _CLOCK.fullmatch(text.strip())
    if not clock:
        return _parse_with_dateutil(f"{day:%Y-%m-%d} {text}")
    hour, minute, second, fraction, half, zone = clock.groups()
    if not (minute or half):
        raise ValueError(text)
    hours = int(hour) % 12 + (12 if half in {"p", "P"} else 0) if half else int(hour)
    at = day.replace(hour=hours, minute=int(minute or 0), second=int(second or 0))
    at += timedelta(microseconds=int(f"{fraction or 0:0<6}"[:6]))
    if zone:
        at = at.replace(tzinfo=_parse_offset(zone))
    return at, _find_resolution(hour, minute, second)


def _parse_offset(text: str) -> tzinfo:
    match = _OFFSET.search(text)
    if not match:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset)


def _find_resolution(hour: str | None, minute: str | None, second: str | None) -> Resolution:
    if second is not None:
        return Resolution.SECOND
    if minute is not None:
        return Resolution.MINUTE
    return Resolution.DAY if hour is None else Resolution.HOUR


def _parse_with_dateutil(text: str) -> tuple[datetime, Resolution]:
    from dateutil.parser import parse  # noqa: PLC0415 (slow to import, and rarely needed)

    text = _ZONE_BEFORE_OFFSET.sub("", _ZONE_AFTER_OFFSET.sub(r"\1", _COMMENT.sub("", text)))
    text = _LOG_TIME.sub(r"\1 ", text)
    clock = _CLOCK_IN_TEXT.search(text)
    numbers = re.findall("[0-9]+", _CLOCK_IN_TEXT.sub(" ", text).partition("+")[0])
    if len(text) > _MAX_TIME_CHARS or len(numbers) < _MIN_NAMED_DATE_NUMBERS:
        raise ValueError(text)
    at = parse(text, default=datetime(1900, 1, 1), tzinfos=_find_zone)  # noqa: DTZ001 (its zone is read here)
    if not clock:
        return at, Resolution.DAY
    return at, Resolution.SECOND if clock[1] else Resolution.MINUTE


def _find_zone(name: str | None, offset: int | None) -> tzinfo | None:
    if name is None and offset is None:
        return None
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    hours = _ZONE_HOURS.get((name or "").upper())
    if hours is None:
        raise ValueError(name)
    return timezone(timedelta(hours=hours))

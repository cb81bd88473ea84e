import contextlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.audit.times import DateOrder, Resolution, TimeReader, find_date_order
from clicktrail.errors import ClicktrailError, EventError

MORNING = datetime(2026, 11, 18, 8, 6, 40, tzinfo=UTC)
MINUTE = MORNING.replace(second=0)
DAY = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "resolution"),
    [
        ("2026-11-18T08:06:40Z", MORNING, Resolution.SECOND),
        ("2026-11-18 08:06:40 UTC", MORNING, Resolution.SECOND),
        ("2026-11-18 09:06:40 +01:00", MORNING, Resolution.SECOND),
        ("2026-11-18T08:06:40.1234567Z", MORNING.replace(microsecond=123456), Resolution.SECOND),
        ("20261118T080640", MORNING, Resolution.SECOND),
        ("2026-11-18 08:06", MINUTE, Resolution.MINUTE),
        ("2026-11-18 8:06 AM", MINUTE, Resolution.MINUTE),
        ("2026-11-18 08", MINUTE.replace(minute=0), Resolution.HOUR),
        ("2026-11-18", DAY, Resolution.DAY),
        ("2026/11/18 08:06:40", MORNING, Resolution.SECOND),
        ("Wed, 18 Nov 2026 08:06:40 +0000", MORNING, Resolution.SECOND),
        ("Wed, 18 Nov 2026 03:06:40 EST", MORNING, Resolution.SECOND),
        ("Nov 18, 2026, 8:06 AM", MINUTE, Resolution.MINUTE),
        ("18 November 2026", DAY, Resolution.DAY),
        ("Wed Nov 18 2026 09:06:40 GMT+0100 (CET)", MORNING, Resolution.SECOND),
        ("2026-11-18 08:06:40.000 +0000 UTC", MORNING, Resolution.SECOND),
        ("2026-11-18 03:06:40 -0500 EST", MORNING, Resolution.SECOND),
        ("18/Nov/2026:08:06:40 +0000", MORNING, Resolution.SECOND),
        ("2026-11-18 00:06:40 PST", MORNING, Resolution.SECOND),
        ("11/18/2026 3:06:40 AM EST", MORNING, Resolution.SECOND),
        ("Wed Nov 18 08:06:40 2026", MORNING, Resolution.SECOND),
        ("11/18/2026 08:06 AM", MINUTE, Resolution.MINUTE),
        ("11/18/2026 8:06:40 a.m.", MORNING, Resolution.SECOND),
        ("11/18/26 12:06 AM", DAY.replace(minute=6), Resolution.MINUTE),
        ("11/18/2026, 12:06:40 PM", MORNING.replace(hour=12), Resolution.SECOND),
        ("18.11.2026 08:06:40", MORNING, Resolution.SECOND),
        ("18. 11. 2026 8:06", MINUTE, Resolution.MINUTE),
        ("18.11.26, 08.06 UTC+0100", MINUTE - timedelta(hours=1), Resolution.MINUTE),
        ("02.03.2026", datetime(2026, 3, 2, tzinfo=UTC), Resolution.DAY),
        ("18-11-2026 08:06:40", MORNING, Resolution.SECOND),
        ("1795000000", datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC), Resolution.SECOND),
        (1795000000000, datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC), Resolution.SECOND),
        ("1795000000000000", datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC), Resolution.SECOND),
        ("1795000000000000000", datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC), Resolution.SECOND),
        ("20261118", DAY, Resolution.DAY),
        ("2026111808", MINUTE.replace(minute=0), Resolution.HOUR),
        ("202611180806", MINUTE, Resolution.MINUTE),
        ("20261118080640", MORNING, Resolution.SECOND),
        ("46344.33796", MORNING, Resolution.SECOND),
        ("46344,33796", MORNING, Resolution.SECOND),
        ("46344", DAY, Resolution.DAY),
    ],
)
def test_time_of_other_programs(text: object, at: datetime, resolution: Resolution) -> None:
    times = TimeReader(latest_year=2027)
    assert (times.read(text), times.latest_resolution) == (at, resolution)


@pytest.mark.parametrize(
    "text",
    [
        *("", "noon", "08:06", "Nov 2026", "18 Nov", "2026-13-01", "30.02.2026", "1.2.3.4", "10.0.0.1"),
        *("1", "20261340", "1795", "9" * 400, "18 Nov 2026 08:06 IST", "2026-11-18 25:00", "18/18/2026"),
    ],
)
def test_what_is_not_a_time(text: str) -> None:
    with pytest.raises(EventError, match=r"is not a time|has no time"):
        TimeReader(latest_year=2027).read(text)


@pytest.mark.parametrize(
    "text", ["1999-12-31", "2028-01-01", "1970-08-23T12:00:00Z", "0001-01-01", "2083-01-01", "99999"]
)
def test_year_outside_2000_to_next_year_is_an_error(text: str) -> None:
    with pytest.raises(EventError, match="is not from 2000 to 2027"):
        TimeReader(latest_year=2027).read(text)


@pytest.mark.parametrize(
    ("order", "at"),
    [
        (DateOrder.DMY, datetime(2026, 12, 11, tzinfo=UTC)),
        (DateOrder.MDY, datetime(2026, 11, 12, tzinfo=UTC)),
    ],
)
def test_order_of_day_and_month_is_the_users(order: DateOrder, at: datetime) -> None:
    assert TimeReader(order=order).read("11/12/2026") == at


def test_ambiguous_date_is_refused() -> None:
    with pytest.raises(ClicktrailError, match="no date of the file decides it") as caught:
        TimeReader().read("11/12/2026")
    assert "--dates" in caught.value.hint


def test_date_that_contradicts_the_order_is_an_error() -> None:
    with pytest.raises(EventError, match="is not a time"):
        TimeReader(order=DateOrder.DMY).read("11/18/2026")


def test_same_day_and_month_needs_no_order() -> None:
    assert TimeReader().read("11/11/2026") == datetime(2026, 11, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["11/12/2026", "11/18/2026 08:06"], DateOrder.MDY),
        (["11/12/2026", "18/11/2026"], DateOrder.DMY),
        (["11/12/26", "26/11/18"], None),
        (["26/11/12", "26/11/30"], DateOrder.YMD),
        (["11/12/2026"], None),
        (["11/18/2026", "18/11/2026"], DateOrder.MDY),
        (["", "noon", "2026-11-18"], None),
    ],
)
def test_order_is_the_only_one_in_which_all_dates_are_possible(texts: list[str], order: DateOrder | None) -> None:
    assert find_date_order(texts, 2027) == order


def test_zone_of_times_without_one() -> None:
    times = TimeReader(zone=ZoneInfo("Europe/Berlin"))
    assert (
        times.read("2026-11-18 09:06:40") == times.read("18.11.2026 09:06:40") == times.read("46344.37963") == MORNING
    )
    assert times.read("2026-11-18T08:06:40Z") == MORNING
    assert not times.is_zone_assumed


def test_missing_zone_is_assumed_to_be_utc() -> None:
    times = TimeReader()
    for text in ("2026-11-18T08:06:40Z", "2026-11-18 08:06:40 UTC", "18.11.2026 08:06 GMT", 1795000000):
        times.read(text)
    assert not times.is_zone_assumed
    times.read("2026-11-18 08:06:40")
    assert times.is_zone_assumed


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2027, 12, 30)),  # noqa: DTZ001
    st.sampled_from(
        ["%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S", "%d %b %Y %H:%M:%S", "%d-%m-%Y %I:%M:%S %p"]
    ),
    st.integers(-12, 14),
)
def test_formatted_time_is_read_back(at: datetime, pattern: str, offset_hours: int) -> None:
    zone = timezone(timedelta(hours=offset_hours))
    times = TimeReader(latest_year=2028, order=DateOrder.DMY, zone=zone)
    assert times.read(at.strftime(pattern)) == at.replace(microsecond=0, tzinfo=zone)


@given(st.text(alphabet="0123456789./-: TZapmNov,+", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_time_or_an_error(text: str) -> None:
    with contextlib.suppress(EventError):
        assert TimeReader(order=DateOrder.DMY).read(text).tzinfo is UTC

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.supported_time import FIRST_TIME, LAST_TIME, check_time, clamp_time, clamp_timestamp

EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))
OUTSIDE = [
    datetime.min.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=EAST),
    datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=WEST),
    FIRST_TIME - timedelta(microseconds=1),
    LAST_TIME + timedelta(seconds=1),
    FIRST_TIME.replace(tzinfo=EAST),
    LAST_TIME.replace(tzinfo=WEST),
    datetime(2100, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 20, tzinfo=EAST),
]


@pytest.mark.parametrize(
    "at", [FIRST_TIME, LAST_TIME, LAST_TIME.replace(microsecond=999_999), datetime(2026, 11, 23, tzinfo=EAST)]
)
def test_time_in_the_range_is_supported(at: datetime) -> None:
    assert check_time(at) is at
    assert clamp_time(at) is at


@pytest.mark.parametrize("at", OUTSIDE)
def test_time_outside_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="is not between 1970 and 2099"):
        check_time(at)


def test_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        check_time(datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None))


@given(st.datetimes(timezones=st.sampled_from([UTC, EAST, WEST, None])))
def test_clamped_time_is_supported(at: datetime) -> None:
    clamped = clamp_time(at)
    assert check_time(clamped) is clamped
    assert clamped - timedelta(days=365) < clamped < clamped + timedelta(days=365)


@given(st.integers(-(2**70), 2**70))
def test_clamped_timestamp_is_supported(timestamp: int) -> None:
    clamped = clamp_timestamp(timestamp)
    assert check_time(clamped) is clamped


def test_edits_and_consents_have_supported_times() -> None:
    edit = LinkEdit(
        id="a",
        at=datetime.min.replace(tzinfo=UTC),
        target=EditTarget(host="a.example"),
        action=EditAction.EXPIRE,
        expires_at=datetime.max.replace(tzinfo=UTC),
    )
    assert (edit.at, edit.expires_at) == (FIRST_TIME, LAST_TIME)
    record = ConsentRecord(recipient="a", consent=Consent.DENIED, at=datetime.max.replace(tzinfo=WEST))
    assert record.at == LAST_TIME

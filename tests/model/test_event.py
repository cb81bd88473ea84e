from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import EventError
from clicktrail.model.event import (
    AnonymousClick,
    AnyEvent,
    Click,
    Conversion,
    Delivered,
    Engagement,
    Sent,
    decode_event,
    encode_event,
    format_rfc3339,
)
from clicktrail.model.recipient import normalize_recipient
from tests.support.events import NOON, click, engagement, sent

instants = st.integers(-(2**40), 2**41).map(lambda elapsed: NOON + timedelta(milliseconds=elapsed))
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_encoded_click() -> None:
    event = Click(id="c1", at=NOON, message_id="m1", link=3, url="https://shop.example/", headers={"dnt": "1"})
    assert (
        b'{"type":"click","id":"c1","at":"2026-11-23T12:00:00.000Z","message_id":"m1","link":3,'
        b'"url":"https://shop.example/","headers":{"dnt":"1"}}'
    ) == encode_event(event)


@given(
    event=st.one_of(
        st.builds(Sent, id=texts, at=instants, campaign=texts, links=st.integers(0, 99), subject=texts),
        st.builds(Delivered, id=texts, at=instants, recipient=texts.map(normalize_recipient), esp=texts),
        st.builds(
            Click,
            id=texts,
            at=instants,
            url=texts,
            user_agent=texts,
            headers=st.dictionaries(texts, texts, max_size=3),
            https=st.booleans(),
            esp_bot=st.none() | st.booleans(),
        ),
        st.builds(AnonymousClick, id=texts, at=instants, campaign=texts, url=texts, verdict=texts),
        st.builds(Engagement, id=texts, at=instants, click_id=texts, dwell_ms=st.integers(0, 10**9)),
        st.builds(Conversion, id=texts, at=instants, click_id=texts, value=st.floats(0, 1e9)),
    )
)
def test_decode_undoes_encode(event: AnyEvent) -> None:
    assert event == decode_event(encode_event(event))


def test_one_line() -> None:
    assert b"\n" not in encode_event(Click(id="c", at=NOON, user_agent="a\nb\r\nc\u2028"))


def test_types() -> None:
    names = {kind.__struct_config__.tag for kind in get_args(AnyEvent)}
    assert {
        "sent",
        "delivered",
        "deferred",
        "bounced",
        "complained",
        "unsubscribed",
        "opened",
        "click",
        "anonymous_click",
        "engagement",
        "conversion",
    } == names


def test_unknown_fields_are_no_error() -> None:
    line = msgspec.json.encode({"type": "click", "id": "c", "at": "2026-11-23T12:00:00Z", "mood": "good"})
    assert Click(id="c", at=NOON) == decode_event(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"type":"click","id":"c","at":"2026-11-23T12:00:00Z","url":"\xff"}',
        b'{"type":"dream","id":"c","at":"2026-11-23T12:00:00Z"}',
        b'{"type":"click","at":"2026-11-23T12:00:00Z"}',
        b'{"type":"click","id":"c","at":"2026-11-23T12:00:00"}',
        b'{"type":"click","id":"c","at":"yesterday"}',
        b'{"type":"click","id":"c","at":"2026-11-23T12:00:00Z","link":"first"}',
        b'{"a":' * 5_000,
        b'{"type":"click","id":"c","at":"9999-12-31T23:59:59Z"}',
        b'{"type":"click","id":"c","at":"9999-12-31T23:59:59-14:00"}',
        b'{"type":"click","id":"c","at":"2100-01-01T00:00:00Z"}',
        b'{"type":"click","id":"c","at":"0001-01-01T00:00:00+14:00"}',
        b'{"type":"anonymous_click","id":"c","at":"1969-12-31T23:59:59Z","verdict":"bot"}',
        b'{"type":"click","id":"c","at":"2026-11-23T12:00:00Z","link":2147483648}',
        b'{"type":"sent","id":"c","at":"2026-11-23T12:00:00Z","links":-1}',
        b'{"type":"engagement","id":"c","at":"2026-11-23T12:00:00Z","click_id":"c","dwell_ms":1e30}',
    ],
)
def test_no_event(line: bytes) -> None:
    with pytest.raises(EventError, match="not an event"):
        decode_event(line)


def test_rfc3339() -> None:
    berlin = datetime(2026, 11, 23, 13, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert "2026-11-23T12:00:00.123Z" == format_rfc3339(berlin)


@given(elapsed=st.timedeltas(timedelta(-365_000), timedelta(365_000)), whole=st.booleans(), zone=zones)
def test_rfc3339_is_that_of_the_standard_library(*, elapsed: timedelta, whole: bool, zone: timezone) -> None:
    at = (NOON + (timedelta(seconds=elapsed // timedelta(seconds=1)) if whole else elapsed)).astimezone(zone)
    assert at.astimezone(UTC).isoformat(timespec="milliseconds") == format_rfc3339(at).replace("Z", "+00:00")


def test_frozen() -> None:
    assert (click(1), engagement("c")) == (click(1), engagement("c"))
    with pytest.raises(AttributeError):
        sent().links = 3  # type: ignore[misc]  # the very thing that must fail

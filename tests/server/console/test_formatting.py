from datetime import UTC, datetime, timedelta, timezone

import pytest

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.formatting import (
    capitalize_first,
    clicks_url,
    date_and_minute,
    date_and_second,
    first_page,
    number,
    percent,
    short_user_agent,
    signed_points,
    with_signal,
)
from clicktrail.server.ports import ClickSearch

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (0.0004, "<0.1%"), (0.0005, "0.1%"), (0.402, "40.2%"), (1, "100.0%"), (2.5, "250.0%")],
)
def test_shares_have_one_decimal_and_are_never_rounded_to_nothing(share: float, text: str) -> None:
    assert text == percent(share)


def test_thousands_are_set_apart() -> None:
    assert "1,234,567" == number(1_234_567)


@pytest.mark.parametrize("hours", [0, 5])
def test_times_are_shown_in_utc(hours: int) -> None:
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert ("3 November 2026, 09:05 UTC", "3 November 2026, 09:05:00 UTC") == (date_and_minute(at), date_and_second(at))


def test_points_have_their_sign() -> None:
    assert ["+5", "\N{MINUS SIGN}8"] == [signed_points(5), signed_points(-8)]


def test_a_sentence_begins_with_a_capital_letter() -> None:
    assert ["Calls itself curl", "7 links", ""] == [
        capitalize_first(words) for words in ("calls itself curl", "7 links", "")
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (CHROME.format("Windows NT 10.0; Win64; x64"), "Chrome 150 on Windows"),
        (CHROME.format("Linux; Android 10; K"), "Chrome 150 on Android"),
        (CHROME.format("X11; Linux x86_64"), "Chrome 150 on Linux"),
        (CHROME.format("X11; OpenBSD"), "Chrome 150"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 60, "x" * 60),
        ("y" * 61, "y" * 60 + "…"),
    ],
)
def test_an_agent_is_told_in_short(header: str, words: str) -> None:
    assert words == short_user_agent(header)


def test_an_address_says_what_is_looked_for() -> None:
    place = (datetime(2026, 11, 3, 9, 5, tzinfo=UTC), "a&b")
    search = ClickSearch(campaign="a b&c", verdicts=(Verdict.BOT,), signal="fast", counted=False, before=place)
    assert "/clicks?campaign=" == clicks_url(ClickSearch(campaign=""))
    start = "/clicks?campaign=a+b%26c&verdict=bot"
    assert f"{start}&signal=fast&counted=false" == clicks_url(first_page(search))
    assert f"{start}&counted=false" == clicks_url(with_signal(search, ""))
    assert f"{start}&signal=fast&counted=false&before=2026-11-03T09%3A05%3A00.000Z%2Ca%26b" == clicks_url(search)

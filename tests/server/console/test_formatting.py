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
def test_percent_has_one_decimal_and_rounds_no_share_to_zero(share: float, text: str) -> None:
    assert percent(share) == text


def test_number_has_thousands_separators() -> None:
    assert number(1_234_567) == "1,234,567"


@pytest.mark.parametrize("hours", [0, 5])
def test_times_are_formatted_in_utc(hours: int) -> None:
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    assert (date_and_minute(at), date_and_second(at)) == ("3 November 2026, 09:05 UTC", "3 November 2026, 09:05:00 UTC")


def test_points_have_a_sign() -> None:
    assert [signed_points(5), signed_points(-8)] == ["+5", "\N{MINUS SIGN}8"]


def test_first_letter_is_capitalized() -> None:
    assert [capitalize_first(text) for text in ("calls itself curl", "7 links", "")] == [
        "Calls itself curl",
        "7 links",
        "",
    ]


@pytest.mark.parametrize(
    ("user_agent", "shortened"),
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
def test_user_agent_is_shortened(user_agent: str, shortened: str) -> None:
    assert short_user_agent(user_agent) == shortened


def test_clicks_url_has_a_parameter_for_each_condition() -> None:
    cursor = (datetime(2026, 11, 3, 9, 5, tzinfo=UTC), "a&b")
    search = ClickSearch(campaign="a b&c", verdicts=(Verdict.BOT,), signal="fast", counted=False, before=cursor)
    assert clicks_url(ClickSearch(campaign="")) == "/clicks?campaign="
    start = "/clicks?campaign=a+b%26c&verdict=bot"
    assert clicks_url(first_page(search)) == f"{start}&signal=fast&counted=false"
    assert clicks_url(with_signal(search, "")) == f"{start}&counted=false"
    assert clicks_url(search) == f"{start}&signal=fast&counted=false&before=2026-11-03T09%3A05%3A00.000Z%2Ca%26b"

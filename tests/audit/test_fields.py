from datetime import UTC, datetime

import pytest

from clicktrail.audit.fields import event_of, in_our_spelling
from clicktrail.errors import EventError
from clicktrail.model.event import Click, Sent

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:30:00.000Z",
        "2026-11-23T10:30:00+01:00",
        "2026-11-23 09:30:00",
        "2026-11-23 09:30:00 UTC",
        "2026-11-23T09:30:00.0000000Z",
        "1795426200",
        1795426200.0,
        1795426200000,
    ],
)
def test_times_are_read_as_they_are_written(text: object) -> None:
    """By RFC 3339, with and without zone, with seven digits as Postmark writes them, and as numbers."""
    assert AT == event_of({"type": "click", "id": "c", "at": text}).at


@pytest.mark.parametrize("text", ["", None, "noon", "9" * 400, "0001-01-01T00:00:00+10:00"])
def test_an_event_without_a_time_is_none(text: object) -> None:
    """Nothing can be judged of it."""
    with pytest.raises(EventError, match=r"is no time|says no time"):
        event_of({"type": "click", "id": "c", "at": text})


def test_nothing_is_made_of_what_is_empty() -> None:
    """Nulls and empty cells leave a field as it is by default."""
    told = event_of({"type": "click", "id": "c", "at": "2026-11-23T09:30:00Z", "link": None, "esp": "", "trap": ""})
    assert Click(id="c", at=AT) == told


@pytest.mark.parametrize(
    ("flag", "bot"), [("True", True), ("False", False), ("generic", True), ("0.0", False), (1, True), ("", None)]
)
def test_what_an_esp_thinks_is_read_in_its_words(flag: object, bot: bool | None) -> None:
    """Klaviyo says true or 1.0, Mailgun what kind of bot it is."""
    told = event_of({"type": "click", "id": "c", "at": AT.isoformat(), "esp_bot": flag})
    assert Click(id="c", at=AT, esp_bot=bot) == told


def test_an_id_is_made_of_all_that_is_told() -> None:
    """The same told twice is the same event, whatever order its fields come in; anything else is another."""
    fields = {"type": "click", "at": AT.isoformat(), "url": "https://a.example"}
    again = event_of(dict(reversed(fields.items())))
    assert event_of(fields) == again
    assert again.id != event_of({**fields, "url": "https://b.example"}).id


def test_a_field_of_the_wrong_kind_is_an_error() -> None:
    """A link is a number."""
    with pytest.raises(EventError, match="not an event"):
        event_of({"type": "click", "at": AT.isoformat(), "link": "first"})


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("40.94.20.1", "40.94.20.1"),
        ("40.94.20.1:4312", "40.94.20.1"),
        ("40.94.20.1, 10.0.0.2", "40.94.20.1"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8::7", "2001:DB8::7"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("", ""),
    ],
)
def test_addresses_are_read_as_proxies_write_them(written: str, ours: str) -> None:
    """With their port, and followed by the proxies' own."""
    assert Click(id="c", at=AT, ip=ours) == in_our_spelling(Click(id="c", at=AT, ip=written))


def test_methods_and_headers_are_read_in_any_case() -> None:
    """``get`` is a GET, and ``Accept-Language`` the header that the judge looks for."""
    told = Click(id="c", at=AT, method="get", headers={"Accept-Language": "de"})
    assert Click(id="c", at=AT, method="GET", headers={"accept-language": "de"}) == in_our_spelling(told)


def test_what_is_no_click_stays_as_it_is() -> None:
    """A sending has no address."""
    assert Sent(id="s", at=AT) == in_our_spelling(Sent(id="s", at=AT))

"""Which clicks landing pages are handed, and what is taken of what they tell."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.event import Click, Engagement
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, LandingClick, LandingTokenSealer

NOW = datetime(2026, 11, 23, 8, 30, 0, 500_000, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
SEAL = LandingTokenSealer(RING)
HOSTS = ("shop.example", "*.shop.example")
VISIT = LandingClick(
    click_id="c1",
    message_id="m1",
    recipient="ann@example.org",
    campaign="spring",
    clicked_at=NOW.replace(microsecond=0),
)


def engagements(*, remembered: int = 10) -> EngagementTracker:
    """As an edge has them."""
    return EngagementTracker(RING, cache_size=remembered)


def redirect(location: str, *, headers: Mapping[str, str] | None = None, message_id: str = "m1") -> Redirect:
    """A click, about to be sent on."""
    click = Click(
        id="c1",
        at=NOW,
        campaign="spring",
        message_id=message_id,
        recipient="ann@example.org",
        headers={**(headers or {})},
    )
    return Redirect(location=location, event=click)


def request(body: bytes, *, headers: Mapping[str, str] | None = None) -> Request:
    """A page's request."""
    return Request(method="POST", path="/e", peer="192.0.2.1", headers=headers or {}, body=body)


def told(visit: str = SEAL.seal(VISIT), **fields: str | int) -> bytes:
    """A page's message."""
    return msgspec.json.encode(
        {"landing_token": visit, "kind": "engaged", "dwell_ms": 1_200, "scroll_pct": 40} | fields
    )


def sealed(click_id: str) -> str:
    """What a page was handed about another click."""
    return SEAL.seal(msgspec.structs.replace(VISIT, click_id=click_id))


@pytest.mark.parametrize("location", ["https://shop.example/", "http://tea.shop.example:8080/a?b=c&d"])
def test_pages_of_own_hosts_are_handed_the_click(location: str) -> None:
    before, _, text = engagements().add_click_fragment(redirect(location), hosts=HOSTS).partition("#clicktrail=")
    assert (location, VISIT) == (before, SEAL.open(text))


@pytest.mark.parametrize(
    "location",
    [
        "https://other.example/",
        "https://shop.example.evil.example/",
        "https://myshop.example/",
        "https://shop.example/a#top",
        "https://shop.example/a#",
        "https://shop.example/file?X-Amz-Signature=abc",
        "https://shop.example/a?sig=abc",
        "https://shop.example/login?token=abc",
        "https://shop.example/reset-password/abc",
        "https://[shop.example/",
    ],
)
def test_other_pages_are_not(location: str) -> None:
    assert location == engagements().add_click_fragment(redirect(location), hosts=HOSTS)


@pytest.mark.parametrize("headers", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_nobody_is_watched_who_asks_for_privacy(headers: dict[str, str]) -> None:
    asked = engagements()
    assert "https://shop.example/" == asked.add_click_fragment(
        redirect("https://shop.example/", headers=headers), hosts=HOSTS
    )
    assert asked.parse_beacon(request(told(), headers=headers), now=NOW) is None


def test_a_click_of_no_message_is_not_handed_on() -> None:
    assert "https://shop.example/" == engagements().add_click_fragment(
        redirect("https://shop.example/", message_id=""), hosts=HOSTS
    )


def test_what_a_page_tells_becomes_an_event_of_the_message() -> None:
    expected = Engagement(
        id="c1-engaged",
        at=NOW,
        campaign="spring",
        message_id="m1",
        recipient="ann@example.org",
        click_id="c1",
        kind="engaged",
        dwell_ms=1_200,
        scroll_pct=40,
    )
    assert expected == engagements().parse_beacon(request(told()), now=NOW)


def test_each_thing_is_taken_once_a_click() -> None:
    asked = engagements()
    taken = [
        asked.parse_beacon(request(told(sealed(click_id), kind=kind)), now=NOW)
        for click_id in ("c1", "c2")
        for kind in ("loaded", "engaged", "loaded", "engaged")
    ]
    assert ["c1-loaded", "c1-engaged", None, None, "c2-loaded", "c2-engaged", None, None] == [
        event and event.id for event in taken
    ]


def test_what_is_remembered_is_bounded() -> None:
    asked = engagements(remembered=2)
    taken = [asked.parse_beacon(request(told(sealed(f"c{number}"))), now=NOW) for number in (1, 2, 3, 1, 3)]
    assert ["c1-engaged", "c2-engaged", "c3-engaged", "c1-engaged", None] == [event and event.id for event in taken]


@pytest.mark.parametrize(("hours", "taken"), [(24, True), (24.001, False)])
def test_a_visit_ends_a_day_after_the_click(hours: float, *, taken: bool) -> None:
    event = engagements().parse_beacon(request(told()), now=VISIT.clicked_at + timedelta(hours=hours))
    assert taken == (event is not None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"\xff",
        b'{"landing_token": "\xff", "kind": "engaged"}',
        told()[:-1],
        told("AAAA"),
        told(SEAL.seal(VISIT)[:-6]),
        told(LandingTokenSealer(KeyRing([Key(number=0, secret=b"x" * SECRET_BYTES)])).seal(VISIT)),
        told(kind="bought"),
        told(dwell_ms=-1),
        told(dwell_ms=86_400_001),
        told(dwell_ms="long"),
        told(scroll_pct=101),
    ],
)
def test_nothing_else_is_taken(body: bytes) -> None:
    assert engagements().parse_beacon(request(body), now=NOW) is None


@given(st.binary(max_size=300))
def test_made_up_bodies_are_not_taken(body: bytes) -> None:
    assert engagements().parse_beacon(request(body), now=NOW) is None

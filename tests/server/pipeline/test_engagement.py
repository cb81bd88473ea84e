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
SEALER = LandingTokenSealer(RING)
HOSTS = ("shop.example", "*.shop.example")
LANDING_CLICK = LandingClick(
    click_id="c1",
    message_id="m1",
    recipient="ann@example.org",
    campaign="spring",
    clicked_at=NOW.replace(microsecond=0),
)


def make_tracker(*, cache_size: int = 10) -> EngagementTracker:
    return EngagementTracker(RING, cache_size=cache_size)


def redirect(location: str, *, headers: Mapping[str, str] | None = None, message_id: str = "m1") -> Redirect:
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
    return Request(method="POST", path="/e", peer="192.0.2.1", headers=headers or {}, body=body)


def beacon_body(token: str = SEALER.seal(LANDING_CLICK), **fields: str | int) -> bytes:
    return msgspec.json.encode(
        {"landing_token": token, "kind": "engaged", "dwell_ms": 1_200, "scroll_pct": 40} | fields
    )


def landing_token(click_id: str) -> str:
    return SEALER.seal(msgspec.structs.replace(LANDING_CLICK, click_id=click_id))


@pytest.mark.parametrize("location", ["https://shop.example/", "http://tea.shop.example:8080/a?b=c&d"])
def test_click_is_added_for_engagement_hosts(location: str) -> None:
    before, _, text = make_tracker().add_click_fragment(redirect(location), hosts=HOSTS).partition("#clicktrail=")
    assert (location, LANDING_CLICK) == (before, SEALER.open(text))


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
def test_other_destinations_are_unchanged(location: str) -> None:
    assert location == make_tracker().add_click_fragment(redirect(location), hosts=HOSTS)


@pytest.mark.parametrize("headers", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_opted_out_readers_are_not_tracked(headers: dict[str, str]) -> None:
    tracker = make_tracker()
    assert "https://shop.example/" == tracker.add_click_fragment(
        redirect("https://shop.example/", headers=headers), hosts=HOSTS
    )
    assert tracker.parse_beacon(request(beacon_body(), headers=headers), now=NOW) is None


def test_click_without_message_is_not_added() -> None:
    assert "https://shop.example/" == make_tracker().add_click_fragment(
        redirect("https://shop.example/", message_id=""), hosts=HOSTS
    )


def test_beacon_becomes_engagement_event() -> None:
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
    assert expected == make_tracker().parse_beacon(request(beacon_body()), now=NOW)


def test_each_kind_is_recorded_once_per_click() -> None:
    tracker = make_tracker()
    recorded = [
        tracker.parse_beacon(request(beacon_body(landing_token(click_id), kind=kind)), now=NOW)
        for click_id in ("c1", "c2")
        for kind in ("loaded", "engaged", "loaded", "engaged")
    ]
    assert ["c1-loaded", "c1-engaged", None, None, "c2-loaded", "c2-engaged", None, None] == [
        event and event.id for event in recorded
    ]


def test_memory_for_repeated_beacons_is_bounded() -> None:
    tracker = make_tracker(cache_size=2)
    recorded = [
        tracker.parse_beacon(request(beacon_body(landing_token(f"c{number}"))), now=NOW) for number in (1, 2, 3, 1, 3)
    ]
    assert ["c1-engaged", "c2-engaged", "c3-engaged", "c1-engaged", None] == [event and event.id for event in recorded]


@pytest.mark.parametrize(("hours", "is_recorded"), [(24, True), (24.001, False)])
def test_beacon_of_old_click_is_ignored(hours: float, *, is_recorded: bool) -> None:
    event = make_tracker().parse_beacon(request(beacon_body()), now=LANDING_CLICK.clicked_at + timedelta(hours=hours))
    assert is_recorded == (event is not None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"\xff",
        b'{"landing_token": "\xff", "kind": "engaged"}',
        beacon_body()[:-1],
        beacon_body("AAAA"),
        beacon_body(SEALER.seal(LANDING_CLICK)[:-6]),
        beacon_body(LandingTokenSealer(KeyRing([Key(number=0, secret=b"x" * SECRET_BYTES)])).seal(LANDING_CLICK)),
        beacon_body(kind="bought"),
        beacon_body(dwell_ms=-1),
        beacon_body(dwell_ms=86_400_001),
        beacon_body(dwell_ms="long"),
        beacon_body(scroll_pct=101),
    ],
)
def test_invalid_beacon_is_ignored(body: bytes) -> None:
    assert make_tracker().parse_beacon(request(body), now=NOW) is None


@given(st.binary(max_size=300))
def test_random_bytes_are_ignored(body: bytes) -> None:
    assert make_tracker().parse_beacon(request(body), now=NOW) is None

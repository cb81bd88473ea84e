import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.server import keystore
from clicktrail.tokens import Sealed, SealedCampaign, ends, seal, seal_campaign
from tests.cli.running import clicktrail

SEALED = Sealed(
    destination="https://shop.example/spring?utm_source=email",
    message_id="m1",
    recipient="ada@reader.example",
    campaign="spring",
    position=4,
    links=12,
    group="tiles",
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)
DESCRIBED = {
    "format": "sealed",
    "key": 0,
    "destination": "https://shop.example/spring?utm_source=email",
    "message_id": "m1",
    "campaign": "spring",
    "recipient": "ada@reader.example",
    "position": 4,
    "links": 12,
    "group": "tiles",
    "sent_at": "2026-11-23T12:00:00Z",
}


@pytest.fixture
def token(tmp_path: Path) -> str:
    """A token of the ring in the data folder."""
    return seal(keystore.load_or_create(tmp_path / "clicktrail-data" / keystore.NAME, traces=[]), SEALED)


@pytest.mark.parametrize("url", ["{}", "/{}", "https://links.example.com/{}", "http://[::1]:8080/{}?fbclid=1#top"])
def test_a_url_is_opened_wherever_it_was_found(tmp_path: Path, token: str, url: str) -> None:
    """A whole URL with what was added on its way, or the bare token: what it holds is the same."""
    done = clicktrail("inspect", "--json", "--", url.format(token), folder=tmp_path)
    assert (0, "") == (done.returncode, done.stderr)
    assert DESCRIBED == json.loads(done.stdout)


def test_a_campaign_link_shows_its_set(tmp_path: Path) -> None:
    """Destination and campaign stand in the link set, so a campaign's token names that."""
    ring = keystore.load_or_create(tmp_path / "clicktrail-data" / keystore.NAME, traces=[])
    begin = seal_campaign(ring, SealedCampaign(link_set=7, message_id="m1", recipient="r8", sent_at=SEALED.sent_at))
    done = clicktrail(
        "inspect", "--json", "--", f"https://links.example.com/{begin}{ends(ring, 3)[2]}", folder=tmp_path
    )
    assert {
        "format": "campaign",
        "key": 0,
        "link_set": 7,
        "message_id": "m1",
        "recipient": "r8",
        "position": 2,
        "sent_at": "2026-11-23T12:00:00Z",
    } == json.loads(done.stdout)


def test_for_people_each_fact_is_a_line(tmp_path: Path, token: str) -> None:
    """Name and value, in the same order as in JSON; the ring can be any file."""
    (tmp_path / "clicktrail-data" / keystore.NAME).rename(tmp_path / "ring.json")
    done = clicktrail("inspect", "--keys", "ring.json", "--", token, folder=tmp_path)
    assert [[name, str(value)] for name, value in DESCRIBED.items()] == [
        line.split() for line in done.stdout.splitlines()
    ]


@pytest.mark.parametrize(
    ("damage", "error", "hint"),
    [
        (lambda token: token[:24] + "A", "no key of the ring sealed this token", "names key 0 of"),
        (lambda token: token[:-1] + "C", "the key that this token names is not in the ring", "names no key of"),
        (lambda token: token[:-1] + "9", "not a token of a known format", "names no key of"),
        (lambda _: "https://shop.example/", "not a token of a known format", "it leads to shop.example, and the"),
        (lambda token: token[:24] + "…", "not a token of a known format", "it is cut off at the dots"),
        (lambda token: token[:24] + "...", "not a token of a known format", "it is cut off at the dots"),
        (lambda token: token[:24] + "=", "not a token of a known format", "a line break went into it"),
        (lambda token: f"{token[:24]}\n {token[24:]}", "does not open: not ", "a line break went into it"),
    ],
    ids=["cut off", "another key", "no format", "another site", "ellipsis", "dots", "soft break", "wrapped"],
)
def test_what_does_not_open_says_why(
    tmp_path: Path, token: str, damage: Callable[[str], str], error: str, hint: str
) -> None:
    """A damaged URL is an error with its reason, and a hint where to look."""
    done = clicktrail("inspect", "--", damage(token), folder=tmp_path)
    first, second = done.stderr.splitlines()
    assert (1, "") == (done.returncode, done.stdout)
    assert first.startswith("clicktrail: error: ")
    assert error in first
    assert hint in second


def test_a_revoked_key_is_named(tmp_path: Path, token: str) -> None:
    """Whoever wonders why a link is dead learns that its key was revoked."""
    ring = tmp_path / "clicktrail-data" / keystore.NAME
    keystore.rotate(ring)
    keystore.revoke(ring, 0)
    done = clicktrail("inspect", "--", token, folder=tmp_path)
    assert "names key 0 of" in done.stderr
    assert "in state revoked" in done.stderr


def test_no_ring_no_answer(tmp_path: Path) -> None:
    """Without the ring nothing can be opened: the error names the file."""
    done = clicktrail("inspect", "--keys", "ring.json", "tokenA", folder=tmp_path)
    assert 1 == done.returncode
    assert "clicktrail: error: the key ring ring.json is missing" in done.stderr

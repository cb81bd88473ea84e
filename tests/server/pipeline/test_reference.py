"""What the paths of campaign and short tokens tell."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenError, TokenForgedError, TokenMalformedError
from clicktrail.server.pipeline.reference import Origin, Reference, begins_like_ours, read_reference
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, SealedCampaign, ends, seal_campaign, short_token

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


def token(position: int, *, message_id: str = "", recipient: str = "") -> str:
    """A campaign token of link set 4."""
    sealed = SealedCampaign(link_set=4, message_id=message_id, recipient=recipient, sent_at=NOW)
    return seal_campaign(RING, sealed) + ends(RING, position + 1)[position]


def test_a_campaign_token_tells_message_and_recipient() -> None:
    """And when it was sealed."""
    expected = Reference(origin=Origin.LINK_SET, number=4, position=2, message_id="m1", recipient="r1", sent_at=NOW)
    assert expected == read_reference(RING, token(2, message_id="m1", recipient="r1"))


def test_a_short_token_tells_its_code() -> None:
    """All else stands in the registry."""
    assert Reference(origin=Origin.SHORT_MESSAGE, number=77, position=21) == read_reference(RING, short_token(77, 21))


@pytest.mark.parametrize("id", ["01GDDKASAP8TKDDA2GRZDSVP4H", "a", "A.b_c~d-9", "%41bc", "x" * 64])
def test_behind_a_template_s_token_stands_the_recipient(id: str) -> None:
    """As the ESP wrote it, and so not sealed; each recipient of a template has a message of their own."""
    name = id.replace("%41", "A")
    expected = Reference(
        origin=Origin.LINK_SET,
        number=4,
        position=0,
        message_id=f"4/{name}",
        recipient=name,
        sent_at=NOW,
        recipient_unsealed=True,
    )
    assert expected == read_reference(RING, f"{token(0)}/{id}")


@pytest.mark.parametrize("id", ["{{id}}", "%7B%7Bid%7D%7D", "x" * 65, "a/b", "ann@example.org", "%0A", "ü", "a "])
def test_what_is_no_opaque_id_is_refused(id: str) -> None:
    """A merge tag that was not replaced, an address, or anything made up."""
    with pytest.raises(TokenForgedError):
        read_reference(RING, f"{token(0)}/{id}")


def test_an_empty_id_is_nobody() -> None:
    """A recipient for whom the ESP has none still arrives."""
    expected = Reference(origin=Origin.LINK_SET, number=4, position=0, sent_at=NOW)
    assert expected == read_reference(RING, f"{token(0)}/") == read_reference(RING, token(0))


@pytest.mark.parametrize(("message_id", "recipient"), [("m1", "r1"), ("m1", ""), ("", "r1")])
def test_a_message_s_own_token_takes_no_id(message_id: str, recipient: str) -> None:
    """Nobody can put another recipient into a link that was sealed for one, or for nobody to know."""
    with pytest.raises(TokenForgedError):
        read_reference(RING, f"{token(0, message_id=message_id, recipient=recipient)}/mallory")


@given(st.text("ABUVnop07-_/%.é", max_size=70))
def test_other_paths_are_none(path: str) -> None:
    """They are refused by an error that the edge expects, or are a short token."""
    try:
        reference = read_reference(RING, path)
    except TokenError:
        return
    assert path == short_token(reference.number, reference.position)


def test_the_shortest_token_may_lose_a_character() -> None:
    """And is still known to have been one of ours; one that lost two is not."""
    sealed = SealedCampaign(link_set=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    shortest = seal_campaign(RING, sealed) + ends(RING, 1)[0]
    assert [True, True, False] == [begins_like_ours(shortest[lost:]) for lost in range(3)]


def test_no_campaign_token_is_taken_for_a_foreign_path() -> None:
    """Not even the shortest."""
    sealed = SealedCampaign(link_set=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert 0 == read_reference(RING, seal_campaign(RING, sealed) + ends(RING, 1)[0]).number


@pytest.mark.parametrize(
    "path", ["", "/", "AAAAAAAAAAo/x", "favicon.ico", "AAAAAAAAAA8", "admin", "login/admin", "a/b"]
)
def test_foreign_paths_are_told_from_forged_ones(path: str) -> None:
    """They have nothing to do with us."""
    with pytest.raises(TokenMalformedError):
        read_reference(RING, path)

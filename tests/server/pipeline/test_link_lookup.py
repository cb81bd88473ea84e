"""What the paths of campaign and short tokens tell."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError, TokenError, TokenForgedError, TokenMalformedError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.pipeline.link_lookup import (
    LinkReference,
    ReferenceKind,
    ResolvedLinks,
    is_token_like,
    parse_reference,
)
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    SealedMessage,
    build_token_suffixes,
    encode_short_token,
    seal_token_prefix,
)
from tests.support.memory_registry import MemoryRegistry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


def token(position: int, *, message_id: str = "", recipient: str = "") -> str:
    """A campaign token of link set 4."""
    sealed = SealedMessage(link_set_id=4, message_id=message_id, recipient=recipient, sent_at=NOW)
    return seal_token_prefix(RING, sealed) + build_token_suffixes(RING, position + 1)[position]


def test_a_campaign_token_tells_message_and_recipient() -> None:
    expected = LinkReference(
        kind=ReferenceKind.LINK_SET, number=4, position=2, message_id="m1", recipient="r1", sent_at=NOW
    )
    assert expected == parse_reference(RING, token(2, message_id="m1", recipient="r1"))


def test_a_short_token_tells_its_code() -> None:
    assert LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=77, position=21) == parse_reference(
        RING, encode_short_token(77, 21)
    )


@pytest.mark.parametrize("id", ["01GDDKASAP8TKDDA2GRZDSVP4H", "a", "A.b_c~d-9", "%41bc", "x" * 64])
def test_behind_a_template_s_token_stands_the_recipient(id: str) -> None:
    name = id.replace("%41", "A")
    expected = LinkReference(
        kind=ReferenceKind.LINK_SET,
        number=4,
        position=0,
        message_id=f"4/{name}",
        recipient=name,
        sent_at=NOW,
        recipient_unsealed=True,
    )
    assert expected == parse_reference(RING, f"{token(0)}/{id}")


@pytest.mark.parametrize("id", ["{{id}}", "%7B%7Bid%7D%7D", "x" * 65, "a/b", "ann@example.org", "%0A", "ü", "a "])
def test_what_is_no_opaque_id_is_refused(id: str) -> None:
    with pytest.raises(TokenForgedError):
        parse_reference(RING, f"{token(0)}/{id}")


def test_an_empty_id_is_nobody() -> None:
    expected = LinkReference(kind=ReferenceKind.LINK_SET, number=4, position=0, sent_at=NOW)
    assert expected == parse_reference(RING, f"{token(0)}/") == parse_reference(RING, token(0))


@pytest.mark.parametrize(("message_id", "recipient"), [("m1", "r1"), ("m1", ""), ("", "r1")])
def test_a_message_s_own_token_takes_no_id(message_id: str, recipient: str) -> None:
    with pytest.raises(TokenForgedError):
        parse_reference(RING, f"{token(0, message_id=message_id, recipient=recipient)}/mallory")


@given(st.text("ABUVnop07-_/%.é", max_size=70))
def test_other_paths_are_none(path: str) -> None:
    try:
        reference = parse_reference(RING, path)
    except TokenError:
        return
    assert path == encode_short_token(reference.number, reference.position)


def test_the_shortest_token_may_lose_a_character() -> None:
    sealed = SealedMessage(link_set_id=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    shortest = seal_token_prefix(RING, sealed) + build_token_suffixes(RING, 1)[0]
    assert [True, True, False] == [is_token_like(shortest[lost:]) for lost in range(3)]


def test_no_campaign_token_is_taken_for_a_foreign_path() -> None:
    sealed = SealedMessage(link_set_id=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert 0 == parse_reference(RING, seal_token_prefix(RING, sealed) + build_token_suffixes(RING, 1)[0]).number


@pytest.mark.parametrize(
    "path", ["", "/", "AAAAAAAAAAo/x", "favicon.ico", "AAAAAAAAAA8", "admin", "login/admin", "a/b"]
)
def test_foreign_paths_are_told_from_forged_ones(path: str) -> None:
    with pytest.raises(TokenMalformedError):
        parse_reference(RING, path)


NOW_stored = datetime(2026, 11, 23, tzinfo=UTC)
LINK = StoredLink(position=3, destination="https://example.com/a", group="offers")


def short(code: int) -> LinkReference:
    """A link of a short message."""
    return LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=code, position=0)


async def with_short_messages(count: int) -> MemoryRegistry:
    """A registry with messages of the codes from 0."""
    registry = MemoryRegistry()
    for code in range(count):
        await registry.short_links.add(
            ShortLinkMessage(
                code=code, message_id=f"m{code}", recipient="r", campaign="spring", created_at=NOW_stored, links=(LINK,)
            )
        )
    return registry


async def test_a_link_set_is_found() -> None:
    registry = MemoryRegistry()
    number = await registry.link_sets.add(LinkSet(campaign="spring", created_at=NOW_stored, links=(LINK,)))
    reference = LinkReference(kind=ReferenceKind.LINK_SET, number=number, position=3)
    links = registry.create_link_resolver()
    assert (
        ResolvedLinks(campaign="spring", links={3: LINK})
        == await links.resolve(reference)
        == links.get_cached(reference)
    )
    assert links.get_cached(short(number)) is None
    assert await links.resolve(short(number)) is None


async def test_a_short_message_is_found() -> None:
    links = (await with_short_messages(1)).create_link_resolver()
    assert links.get_cached(short(0)) is None
    expected = ResolvedLinks(campaign="spring", message_id="m0", recipient="r", links={3: LINK})
    assert expected == await links.resolve(short(0)) == links.get_cached(short(0))


async def test_what_was_asked_for_last_is_remembered() -> None:
    links = (await with_short_messages(4)).create_link_resolver(cache_size=2)
    for code in (0, 1):
        await links.resolve(short(code))
    assert links.get_cached(short(0))
    await links.resolve(short(2))
    assert [True, False, True] == [links.get_cached(short(code)) is not None for code in (0, 1, 2)]


async def test_that_nobody_can_tell_is_not_remembered() -> None:
    registry = await with_short_messages(1)
    links = registry.create_link_resolver()
    registry.is_available = False
    with pytest.raises(StorageError):
        await links.resolve(short(0))
    registry.is_available = True
    assert await links.resolve(short(5)) is None
    assert await links.resolve(short(0))
    assert 3 == registry.lookup_count

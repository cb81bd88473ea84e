from datetime import UTC, datetime, timedelta

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


def campaign_token(position: int, *, message_id: str = "", recipient: str = "") -> str:
    sealed = SealedMessage(link_set_id=4, message_id=message_id, recipient=recipient, sent_at=NOW)
    return seal_token_prefix(RING, sealed) + build_token_suffixes(RING, position + 1)[position]


def test_campaign_token_holds_message_and_recipient() -> None:
    expected = LinkReference(
        kind=ReferenceKind.LINK_SET, number=4, position=2, message_id="m1", recipient="r1", sent_at=NOW
    )
    assert expected == parse_reference(RING, campaign_token(2, message_id="m1", recipient="r1"))


def test_short_token_holds_its_code() -> None:
    assert LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=77, position=21) == parse_reference(
        RING, encode_short_token(77, 21)
    )


@pytest.mark.parametrize("id", ["01GDDKASAP8TKDDA2GRZDSVP4H", "a", "A.b_c~d-9", "%41bc", "x" * 64])
def test_recipient_id_follows_template_token(id: str) -> None:
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
    assert expected == parse_reference(RING, f"{campaign_token(0)}/{id}")


@pytest.mark.parametrize("id", ["{{id}}", "%7B%7Bid%7D%7D", "x" * 65, "a/b", "ann@example.org", "%0A", "ü", "a "])
def test_invalid_recipient_id_is_refused(id: str) -> None:
    with pytest.raises(TokenForgedError):
        parse_reference(RING, f"{campaign_token(0)}/{id}")


def test_empty_recipient_id() -> None:
    expected = LinkReference(kind=ReferenceKind.LINK_SET, number=4, position=0, sent_at=NOW)
    assert expected == parse_reference(RING, f"{campaign_token(0)}/") == parse_reference(RING, campaign_token(0))


@pytest.mark.parametrize(("message_id", "recipient"), [("m1", "r1"), ("m1", ""), ("", "r1")])
def test_token_with_message_takes_no_recipient_id(message_id: str, recipient: str) -> None:
    with pytest.raises(TokenForgedError):
        parse_reference(RING, f"{campaign_token(0, message_id=message_id, recipient=recipient)}/mallory")


@given(st.text("ABUVnop07-_/%.é", max_size=70))
def test_random_paths_are_refused(path: str) -> None:
    try:
        reference = parse_reference(RING, path)
    except TokenError:
        return
    assert path == encode_short_token(reference.number, reference.position)


def test_shortest_token_is_recognised_without_one_character() -> None:
    sealed = SealedMessage(link_set_id=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    shortest = seal_token_prefix(RING, sealed) + build_token_suffixes(RING, 1)[0]
    assert [True, True, False] == [is_token_like(shortest[lost:]) for lost in range(3)]


def test_shortest_campaign_token_is_parsed() -> None:
    sealed = SealedMessage(link_set_id=0, message_id="", recipient="", sent_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert 0 == parse_reference(RING, seal_token_prefix(RING, sealed) + build_token_suffixes(RING, 1)[0]).number


@pytest.mark.parametrize(
    "path", ["", "/", "AAAAAAAAAAo/x", "favicon.ico", "AAAAAAAAAA8", "admin", "login/admin", "a/b"]
)
def test_foreign_paths_are_malformed_not_forged(path: str) -> None:
    with pytest.raises(TokenMalformedError):
        parse_reference(RING, path)


LINK = StoredLink(position=3, destination="https://example.com/a", group="offers")


def short_reference(code: int) -> LinkReference:
    return LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=code, position=0)


async def registry_with_short_messages(count: int) -> MemoryRegistry:
    registry = MemoryRegistry()
    for code in range(count):
        await registry.short_links.add(
            ShortLinkMessage(
                code=code, message_id=f"m{code}", recipient="r", campaign="spring", created_at=NOW, links=(LINK,)
            )
        )
    return registry


async def test_link_set_is_resolved_and_cached() -> None:
    registry = MemoryRegistry()
    number = await registry.link_sets.add(LinkSet(campaign="spring", created_at=NOW, links=(LINK,)))
    reference = LinkReference(kind=ReferenceKind.LINK_SET, number=number, position=3)
    links = registry.create_link_resolver()
    assert (
        ResolvedLinks(campaign="spring", links={3: LINK})
        == await links.resolve(reference, now=NOW)
        == links.get_cached(reference)
    )
    assert links.get_cached(short_reference(number)) is None
    assert await links.resolve(short_reference(number), now=NOW) is None


async def test_short_message_is_resolved_and_cached() -> None:
    links = (await registry_with_short_messages(1)).create_link_resolver()
    assert links.get_cached(short_reference(0)) is None
    expected = ResolvedLinks(campaign="spring", message_id="m0", recipient="r", links={3: LINK})
    assert expected == await links.resolve(short_reference(0), now=NOW) == links.get_cached(short_reference(0))


async def test_least_recently_used_links_are_evicted() -> None:
    links = (await registry_with_short_messages(4)).create_link_resolver(cache_size=2)
    for code in (0, 1):
        await links.resolve(short_reference(code), now=NOW)
    assert links.get_cached(short_reference(0))
    await links.resolve(short_reference(2), now=NOW)
    assert [True, False, True] == [links.get_cached(short_reference(code)) is not None for code in (0, 1, 2)]


async def test_failed_lookup_is_not_cached() -> None:
    registry = await registry_with_short_messages(1)
    links = registry.create_link_resolver()
    registry.is_available = False
    with pytest.raises(StorageError):
        await links.resolve(short_reference(0), now=NOW)
    registry.is_available = True
    assert not links.is_missing(short_reference(0), now=NOW)
    assert await links.resolve(short_reference(0), now=NOW)


async def test_missing_link_is_remembered_for_a_moment() -> None:
    links = (await registry_with_short_messages(1)).create_link_resolver(cache_size=1)
    await links.resolve(short_reference(0), now=NOW)
    for code in range(1, 20_000):
        assert await links.resolve(short_reference(code), now=NOW) is None
    assert links.get_cached(short_reference(0))
    soon, later = NOW + timedelta(seconds=1), NOW + timedelta(seconds=3)
    missing = [
        (code, now)
        for code in (0, 1, 19_999)
        for now in (soon, later)
        if links.is_missing(short_reference(code), now=now)
    ]
    assert missing == [(19_999, soon)]

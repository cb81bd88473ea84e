import asyncio
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from ada_url import URL as URL_ADA_URL
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Click
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.pipeline.redirect import (
    ActiveEdits,
    Gone,
    LookupRequired,
    NotFound,
    Redirect,
    Redirector,
    Unavailable,
    select_active_edits,
)
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    KeyState,
    SealedLink,
    SealedMessage,
    build_token_suffixes,
    encode_short_token,
    open_token,
    seal_token,
    seal_token_prefix,
)
from tests.support.edge import NOW as NOW_EDGE
from tests.support.memory_registry import MemoryRegistry
from tests.support.old_short_tokens import encode_old_short_token

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
REDIRECTOR = Redirector(
    RING, links=MemoryRegistry().create_link_resolver(), trusted_proxies=[ip_network("127.0.0.0/8")]
)
DESTINATION = "https://shop.example/a?b=c&utm_source=spring#top"


def path_to(destination: str = DESTINATION) -> str:
    sealed = SealedLink(
        destination=destination,
        message_id="m1",
        recipient="ann@example.org",
        campaign="spring",
        position=4,
        link_count=12,
        sent_at=NOW,
    )
    return "/" + seal_token(RING, sealed)


def decide(
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    peer: str = "198.51.100.7",
) -> Redirect | NotFound | Unavailable:
    """Decide with an empty registry."""
    request = Request(method=method, path=path, peer=peer, headers=headers or {})
    decision = REDIRECTOR.decide(request, now=NOW, click_id="c1")
    return asyncio.run(REDIRECTOR.look_up(decision)) if isinstance(decision, LookupRequired) else decision


def event_of(decision: Redirect | NotFound | Unavailable | LookupRequired) -> Click:
    assert not isinstance(decision, LookupRequired)
    assert decision.event is not None
    return decision.event


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_token_redirects_to_sealed_destination(method: str) -> None:
    headers = {
        "host": "click.example",
        "user-agent": "Mozilla/5.0",
        "accept-language": "de",
        "sec-fetch-mode": "navigate",
        "sec-ch-ua": '"Chromium";v="140"',
        "cookie": "session=secret",
        "authorization": "Basic x",
    }
    expected = Click(
        id="c1",
        at=NOW,
        campaign="spring",
        message_id="m1",
        recipient="ann@example.org",
        link=4,
        url=DESTINATION,
        method=method,
        ip="198.51.100.7",
        user_agent="Mozilla/5.0",
        headers={"accept-language": "de", "sec-fetch-mode": "navigate", "sec-ch-ua": '"Chromium";v="140"'},
    )
    assert Redirect(location=DESTINATION, event=expected) == decide(path_to(), headers, method=method)


@pytest.mark.parametrize("method", ["POST", "TRACE", "PUT", "DELETE", "get"])
def test_other_methods_do_not_redirect(method: str) -> None:
    assert NotFound() == decide(path_to(), method=method)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "", "*", "//", "/a/b", "/%41%41A", "/ü" + "A", "/favicon.ico", "/wp-login.php", "/robots.txt/"),
        *(
            "/apple-touch-icon-152x152-precomposed.png",
            "/.well-cached_path/acme-challenge/" + "A" * 43,
            "/" + "a." * 40,
        ),
    ],
)
def test_foreign_paths_are_not_recorded(path: str) -> None:
    assert NotFound() == decide(path)


def test_tampered_token_is_recorded_and_does_not_redirect() -> None:
    path = path_to()
    changed = path[:30] + ("A" if path[30] != "A" else "B") + path[31:]
    decision = decide(changed, {"user-agent": "Scanner"})
    expected = Click(id="c1", at=NOW, url=changed[1:201], ip="198.51.100.7", user_agent="Scanner", tampered=True)
    assert NotFound(event=expected) == decision


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path[:30] + path[31:],
        lambda path: path[:30] + "A" + path[30:],
        lambda path: path[:-1],
        lambda path: path[:-2] + "-_",
        lambda path: path[:-1] + ".",
        lambda path: path[:-1] + "%22%3E",
        lambda path: path + "/" + path,
        lambda path: path + "A" * 9_000,
        lambda path: path[:38],
    ],
    ids=[
        "lost",
        "put in",
        "end lost",
        "end changed",
        "end dotted",
        "end quoted",
        "twice",
        "longer than any",
        "beginning",
    ],
)
def test_damaged_token_is_recorded_and_does_not_redirect(damage: Callable[[str], str]) -> None:
    path = damage(path_to())
    expected = Click(id="c1", at=NOW, url=path[1:201], ip="198.51.100.7", tampered=True)
    assert NotFound(event=expected) == decide(path)


def test_token_of_revoked_key_does_not_redirect() -> None:
    old, new = RING.keys[0], Key(number=1, secret=b"n" * SECRET_BYTES)
    ring = KeyRing([new, Key(number=old.number, secret=old.secret, state=KeyState.REVOKED)])
    request = Request(method="GET", path=path_to(), peer="198.51.100.7", headers={})
    decision = Redirector(ring, links=MemoryRegistry().create_link_resolver()).decide(request, now=NOW, click_id="c1")
    assert isinstance(decision, NotFound)
    assert event_of(decision).tampered


def test_recorded_values_are_truncated() -> None:
    headers = {"user-agent": "u" * 9_000, "referer": "r" * 9_000}
    forged = "/" + "A" * 7_000
    event = event_of(decide(forged, headers))
    assert (200, 512, {"referer": 256}) == (
        len(event.url),
        len(event.user_agent),
        {name: len(value) for name, value in event.headers.items()},
    )


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=1), st.integers(0, 200))
def test_changed_tokens_never_redirect(text: str, at: int) -> None:
    path = path_to()
    at = min(at, len(path) - 1)
    for changed in (path[: at + 1] + text + path[at + 1 :], path[: at + 1] + text, "/" + text):
        assert changed == path or isinstance(decide(changed), NotFound)


@pytest.mark.parametrize(
    ("destination", "location"),
    [
        ("https://x.example\\@y.example/", "https://x.example/@y.example/"),
        ("https://x.example/?a=b\\c", "https://x.example/?a=b\\c"),
        ("http://example.org", "http://example.org"),
        ("HTTPS://Example.ORG/Path", "HTTPS://Example.ORG/Path"),
        ("https://example.org/%7Ea?x=%2F&y=[1]|2", "https://example.org/%7Ea?x=%2F&y=[1]|2"),
        ("https://müller.example/straße?q=ä", "https://xn--mller-kva.example/stra%C3%9Fe?q=%C3%A4"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/a\r\nSet-Cookie: x=1", "https://example.org/aSet-Cookie:%20x=1"),
        (" https://example.org/ ", "https://example.org/"),
    ],
)
def test_location_is_visible_ascii(destination: str, location: str) -> None:
    decision = decide(path_to(destination))
    assert isinstance(decision, Redirect)
    assert (location, destination) == (decision.location, decision.event.url)


@pytest.mark.parametrize(
    "destination",
    ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "/path", "", "java\nscript:x", "http://ü ü/"],
)
def test_other_schemes_do_not_redirect_even_if_sealed(destination: str) -> None:
    assert NotFound() == decide(path_to(destination))


@given(st.text())
def test_destination_cannot_inject_a_header(text: str) -> None:
    destination = "https://example.org/" + text
    decision = decide(path_to(destination))
    assert isinstance(decision, Redirect)
    assert decision.location.isascii()
    assert decision.location.isprintable()
    assert " " not in decision.location
    assert URL_ADA_URL(destination).href == URL_ADA_URL(decision.location).href


def test_client_address_from_trusted_proxy() -> None:
    headers = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    ours, another = (event_of(decide(path_to(), headers, peer=peer)) for peer in ("127.0.0.1", "198.51.100.7"))
    assert ("203.0.113.9", True) == (ours.ip, ours.https)
    assert ("198.51.100.7", False) == (another.ip, another.https)


OFFER = StoredLink(position=1, destination="https://shop.example/offer?a=ü", group="offers")


def campaign_path(link_set: int, position: int, *, message_id: str = "m1", recipient: str = "r1") -> str:
    sealed = SealedMessage(link_set_id=link_set, message_id=message_id, recipient=recipient, sent_at=NOW)
    return f"/{seal_token_prefix(RING, sealed)}{build_token_suffixes(RING, position + 1)[position]}"


async def create_registry() -> tuple[MemoryRegistry, int]:
    """A registry with one link in a link set and in short message 77, and the id of the link set."""
    registry = MemoryRegistry()
    await registry.short_links.add(
        ShortLinkMessage(
            code=77, message_id="m2", recipient="ann@example.org", campaign="autumn", created_at=NOW, links=(OFFER,)
        )
    )
    personal = StoredLink(position=2, destination="")
    return registry, await registry.link_sets.add(LinkSet(campaign="spring", created_at=NOW, links=(OFFER, personal)))


async def follow(redirector: Redirector, path: str) -> Redirect | NotFound | Unavailable:
    request = Request(method="GET", path=path, peer="198.51.100.7", headers={"user-agent": "Mozilla/5.0"})
    decision = redirector.decide(request, now=NOW, click_id="c1")
    return await redirector.look_up(decision) if isinstance(decision, LookupRequired) else decision


async def test_click_on_a_trap_is_recorded_as_such() -> None:
    registry = MemoryRegistry()
    link = StoredLink(position=0, destination=DESTINATION, is_trap=True)
    number = await registry.link_sets.add(LinkSet(campaign="", created_at=NOW, links=(link,)))
    await registry.short_links.add(
        ShortLinkMessage(code=77, message_id="m2", recipient="", campaign="", created_at=NOW, links=(link,))
    )
    sealed = replace(open_token(RING, path_to()[1:]), is_trap=True)
    paths = ["/" + seal_token(RING, sealed), campaign_path(number, 0), f"/{encode_short_token(77, 0)}", path_to()]
    redirector = Redirector(RING, links=registry.create_link_resolver())
    assert [True, True, True, False] == [event_of(await follow(redirector, path)).trap for path in paths]


async def test_campaign_token_redirects_to_link_of_link_set() -> None:
    registry, number = await create_registry()
    expected = Click(
        id="c1",
        at=NOW,
        campaign="spring",
        message_id="m1",
        recipient="r1",
        link=1,
        url=OFFER.destination,
        group="offers",
        ip="198.51.100.7",
        user_agent="Mozilla/5.0",
    )
    redirector = Redirector(RING, links=registry.create_link_resolver())
    location = "https://shop.example/offer?a=%C3%BC"
    assert Redirect(location=location, event=expected) == await follow(redirector, campaign_path(number, 1))


async def test_short_token_redirects_to_link_of_message() -> None:
    registry, _ = await create_registry()
    event = event_of(
        await follow(Redirector(RING, links=registry.create_link_resolver()), f"/{encode_short_token(77, 1)}")
    )
    assert ("autumn", "m2", "ann@example.org", 1, OFFER.destination, "offers", False) == (
        event.campaign,
        event.message_id,
        event.recipient,
        event.link,
        event.url,
        event.group,
        event.recipient_unsealed,
    )


async def test_recipient_id_after_token_is_recorded_as_unsealed() -> None:
    registry, number = await create_registry()
    path = campaign_path(number, 1, message_id="", recipient="") + "/01GDDKASAP"
    event = event_of(await follow(Redirector(RING, links=registry.create_link_resolver()), path))
    assert (f"{number}/01GDDKASAP", "01GDDKASAP", True) == (event.message_id, event.recipient, event.recipient_unsealed)


async def test_link_not_in_registry_is_recorded_and_does_not_redirect() -> None:
    registry, number = await create_registry()
    redirector = Redirector(RING, links=registry.create_link_resolver())
    paths = [
        f"/{encode_short_token(78, 1)}",
        f"/{encode_short_token(77, 0)}",
        campaign_path(number + 1, 1),
        campaign_path(number, 0),
        campaign_path(number, 2),
        campaign_path(number, 1) + "/mallory",
    ]
    for path in paths:
        decision = await follow(redirector, path)
        assert isinstance(decision, NotFound)
        event = event_of(decision)
        assert (True, path[1:201], "", "") == (event.tampered, event.url, event.message_id, event.recipient)


async def test_addition_to_an_unknown_short_token_costs_one_lookup_and_no_record() -> None:
    registry, _ = await create_registry()
    redirector = Redirector(RING, links=registry.create_link_resolver())
    for path in (
        "/security-txt.php",
        "/autodiscover,",
        f"/{encode_short_token(78, 0)}.",
        f"/%20{encode_short_token(79, 0)}.",
    ):
        registry.lookup_count = 0
        assert NotFound() == await follow(redirector, path)
        assert registry.lookup_count == 1
        assert NotFound() == await follow(redirector, path)
        assert registry.lookup_count == 1
    for path in (
        "/favicon.ico",
        "/autodiscover/autodiscover.xml",
        "/.well-known/security.txt",
        "/wp-content/x",
        "/%00",
    ):
        assert NotFound() == await follow(redirector, path)
    assert registry.lookup_count == 1


@pytest.mark.parametrize("addition", [".", "%20", "%C2%AD", "=3D", "…"])
@pytest.mark.parametrize("position", [820, 834, 1_219])
async def test_old_short_token_without_its_last_digit_is_not_another_links(position: int, addition: str) -> None:
    registry = MemoryRegistry()
    links = tuple(StoredLink(position=at, destination=f"https://shop.example/{at}") for at in range(position + 1))
    for code, stored in ((5, links), (6, links[:800])):
        message = ShortLinkMessage(code=code, message_id="m", recipient="", campaign="", created_at=NOW, links=stored)
        await registry.short_links.add(message)
    redirector = Redirector(RING, links=registry.create_link_resolver())
    token = encode_old_short_token(5, position)
    whole = await follow(redirector, f"/{token}{addition}")
    assert isinstance(whole, Redirect)
    assert whole.location == f"https://shop.example/{position}"
    assert NotFound() == await follow(redirector, f"/{token[:-1]}{addition}")
    unambiguous = encode_old_short_token(6, position)[:-1]
    assert isinstance(await follow(redirector, f"/{unambiguous}{addition}"), Redirect)
    new = encode_short_token(5, 3)
    assert isinstance(await follow(redirector, f"/{new}{addition}"), Redirect)


async def test_damaged_link_is_looked_up_when_the_registry_is_back() -> None:
    registry, _ = await create_registry()
    registry.is_available = False
    redirector = Redirector(RING, links=registry.create_link_resolver())
    path = f"/{encode_short_token(77, 1)}."
    decision = await follow(redirector, path)
    assert isinstance(decision, Unavailable)
    assert (decision.event.url, decision.event.unresolved) == (path[1:], True)
    registry.is_available = True
    assert event_of(await follow(redirector, path)).damage == "addition"


async def test_cached_link_redirects_without_registry() -> None:
    registry, number = await create_registry()
    redirector = Redirector(RING, links=registry.create_link_resolver())
    cached_path, uncached_path = campaign_path(number, 1), f"/{encode_short_token(77, 1)}"
    before = await follow(redirector, cached_path)
    registry.is_available = False
    assert isinstance(before, Redirect)
    assert before == await follow(redirector, cached_path)
    decision = await follow(redirector, uncached_path)
    assert isinstance(decision, Unavailable)
    event = decision.event
    assert (True, False, uncached_path[1:], "") == (event.unresolved, event.tampered, event.url, event.message_id)


SENT = "https://shop.example/tea?a=b"
REDIRECT = Redirect(location=SENT, event=Click(id="c1", at=NOW_EDGE, campaign="spring", link=3, url=SENT))
LINK, URL, HOST = EditTarget(campaign="spring", position=3), EditTarget(url=SENT), EditTarget(host="shop.example")
GONE = Gone(event=REDIRECT.event)


def edit(target: EditTarget, action: EditAction = EditAction.DISABLE, *, minutes: int = 0, to: str = "") -> LinkEdit:
    at = NOW_EDGE + timedelta(minutes=minutes)
    return LinkEdit(id=f"{minutes}-{target}", at=at, target=target, action=action, destination=to)


def redirect_edit(target: EditTarget, to: str, *, minutes: int = 0) -> LinkEdit:
    return edit(target, EditAction.REDIRECT, minutes=minutes, to=to)


def test_redirect_is_unchanged_without_edits() -> None:
    assert ActiveEdits().apply(REDIRECT, now=NOW_EDGE) is REDIRECT


@pytest.mark.parametrize("target", [LINK, URL, HOST])
def test_link_is_disabled_by_position_url_or_host(target: EditTarget) -> None:
    assert GONE == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW_EDGE)


@pytest.mark.parametrize(
    "target",
    [
        EditTarget(campaign="spring", position=2),
        EditTarget(campaign="autumn", position=3),
        EditTarget(url="https://shop.example/tea"),
        EditTarget(host="example"),
        EditTarget(host="www.shop.example"),
    ],
)
def test_other_links_are_unchanged(target: EditTarget) -> None:
    assert REDIRECT == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW_EDGE)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("shop.example", "https://shop.example./"),
        ("shop.example.", "https://shop.example/"),
        ("Shop.Example.", "https://SHOP.example.:8443/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("127.0.0.1", "http://0x7f.1/"),
        ("[::0:1]", "http://[::1]:8080/"),
        ("www.example.com", "https://www.example.com\\[x/"),
        ("shop.example", "https://other.example@shop.example/"),
    ],
)
def test_host_edit_matches_every_spelling_of_the_host(host: str, url: str) -> None:
    redirect = Redirect(location=url, event=replace(REDIRECT.event, url=url))
    disabled = edit(EditTarget(host=host))
    assert ActiveEdits([disabled]).apply(redirect, now=NOW_EDGE) == Gone(event=redirect.event)
    other_spelling = EditTarget(host=host.upper().rstrip("."))
    restored = edit(other_spelling, EditAction.RESTORE, minutes=1)
    assert ActiveEdits([disabled, restored]).apply(redirect, now=NOW_EDGE) == redirect


def test_edited_redirect_records_the_original_url() -> None:
    decision = ActiveEdits([redirect_edit(URL, "https://new.example/")]).apply(REDIRECT, now=NOW_EDGE)
    assert Redirect(location="https://new.example/", event=REDIRECT.event) == decision


def test_new_destination_is_encoded() -> None:
    assert "https://xn--bcher-kva.example/%C3%A9" == location(redirect_edit(URL, "https://bücher.example/é"))
    assert GONE == ActiveEdits([redirect_edit(URL, "javascript:alert(1)")]).apply(REDIRECT, now=NOW_EDGE)


def test_most_specific_edit_applies() -> None:
    link, url, host = (
        redirect_edit(LINK, "https://link.example/"),
        redirect_edit(URL, "https://url.example/"),
        edit(HOST),
    )
    later = replace(host, at=NOW_EDGE + timedelta(days=1))
    assert "https://link.example/" == location(link, url, later)
    assert "https://url.example/" == location(url, later)
    assert location(redirect_edit(HOST, SENT), edit(EditTarget(host="link.example"))) == SENT


def location(*edits: LinkEdit) -> str:
    decision = ActiveEdits(edits).apply(REDIRECT, now=NOW_EDGE)
    assert isinstance(decision, Redirect)
    return decision.location


def test_latest_edit_of_a_target_applies() -> None:
    disabled, corrected = edit(URL, minutes=1), redirect_edit(URL, "https://new.example/", minutes=2)
    assert "https://new.example/" == location(corrected, disabled)
    restored = edit(URL, EditAction.RESTORE, minutes=3)
    assert location(restored, corrected, disabled) == SENT
    assert {} == select_active_edits([disabled, restored])


def test_link_expires_at_its_time() -> None:
    expires_at = NOW_EDGE + timedelta(hours=1)
    overrides = ActiveEdits([replace(edit(URL, EditAction.EXPIRE), expires_at=expires_at)])
    assert overrides.apply(REDIRECT, now=expires_at - timedelta(milliseconds=1)) is REDIRECT
    assert GONE == overrides.apply(REDIRECT, now=expires_at)

"""Decide how to answer a request for a tracking URL, and which click to record.

Only destinations that a key of the ring sealed or that the registry holds are redirected to, and only http and https.
A path that does not open is repaired if it only was damaged on its way (`link_repair`); the click records the damage. A
path that looks like a token and still does not open never redirects. It is recorded, because scanners alter links.

Link edits are applied without the registry. The most specific edit of a link applies: an edit of the link itself before
one of its URL, and that before one of its host. Edits match destinations as they were sent, so the new destination of
one edit is never changed by another.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from ada_url import URL
from msgspec.structs import replace

from clicktrail.errors import StorageError, TokenError, TokenForgedError
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Click
from clicktrail.model.hosts import extract_host
from clicktrail.model.recipient import normalize_recipient
from clicktrail.server.pipeline.link_lookup import (
    LinkReference,
    LinkResolver,
    ReferenceKind,
    RegisteredLink,
    ResolvedLinks,
    find_registered_link,
    is_token_like,
    parse_reference,
)
from clicktrail.server.pipeline.link_repair import LinkRepair, repair_path
from clicktrail.server.pipeline.request import IPNetwork, Request, TrustedProxies, select_recorded_headers
from clicktrail.tokens import (
    Damage,
    KeyRing,
    SealedPayload,
    TokenFormat,
    find_longer_positions,
    has_changed_case,
    identify_key,
    open_payload,
)

_WEB_URL_START = re.compile(r"(?i:https?)://.")
_VISIBLE_ASCII = bytes(range(0x21, 0x7F))

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Safe methods (RFC 9110 section 9.2.1) without TRACE, which only echoes the request."""

_SEALED: Final = TokenFormat.SEALED  # to look up a member of an enum takes 0.25 µs in Python 3.11
_MAX_USER_AGENT_CHARS = 512
_MAX_RAW_TOKEN_CHARS = 200


ClickedLink = SealedPayload | RegisteredLink

# The decisions are structs, not dataclasses: every click creates several, and a struct takes a tenth of the time.


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """Redirect to the location, once the event is recorded or cannot be recorded in time.

    Attributes:
        location: http or https URL of visible ASCII.
    """

    location: str
    event: Click


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """Answer 404.

    Attributes:
        event: click to record first; None if the path is not a tracking URL.
        has_changed_case: the letters of the link have all become lower or upper case, so that it cannot be repaired.
    """

    event: Click | None = None
    has_changed_case: bool = False


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """Answer 503: the registry does not answer, so the destination is unknown."""

    event: Click


class LookupRequired(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the registry for the destination with `Redirector.look_up`.

    Attributes:
        path: path without its leading slash, as it was requested.
        click: click with the fields that the request gives.
        repair: None if the path did not have to be repaired.
    """

    reference: LinkReference
    path: str
    click: Click
    repair: LinkRepair | None = None


class Redirector:
    """Decides on requests for tracking URLs.

    Attributes:
        proxies: resolves the client's IP address.
    """

    def __init__(self, ring: KeyRing, *, links: LinkResolver, trusted_proxies: Sequence[IPNetwork] = ()) -> None:
        self._ring = ring
        self._links = links
        self.proxies = TrustedProxies(trusted_proxies)

    def decide(self, request: Request, *, now: datetime, click_id: str) -> Redirect | NotFound | LookupRequired:
        """Decide by the path: a sealed token, or a campaign or short token, whose links are in the registry.

        The query is ignored, because mail gateways add parameters to it.
        """
        if request.method not in _SAFE_METHODS:
            return NotFound()
        path = request.path.removeprefix("/")
        repair = None
        try:
            opened = self._open(path)
        except TokenError as error:
            repair = repair_path(self._ring, path)
            if repair is None:
                is_ours = isinstance(error, TokenForgedError) or is_token_like(path)
                click = self.build_click(request, now=now, click_id=click_id) if is_ours else None
                return _reject_tampered_token(click, path) if click else NotFound()
            opened = self._open(repair.path)
        if isinstance(opened, LinkReference):
            click = self.build_click(request, now=now, click_id=click_id)
            return self._decide_by_registry(LookupRequired(reference=opened, path=path, click=click, repair=repair))
        location = encode_location(opened.destination)
        if location is None:
            return NotFound()
        click = add_link_fields(self.build_click(request, now=now, click_id=click_id), opened)
        return Redirect(location=location, event=replace(click, damage=repair.damage) if repair else click)

    def find_link(self, token: str) -> ClickedLink | None:
        """Return the link of a token if neither the registry nor an error page is needed, and None otherwise."""
        identified = identify_key(token)
        try:
            if identified and identified[0] is _SEALED:
                return open_payload(self._ring, token)
            reference = parse_reference(self._ring, token)
        except TokenError:
            return None
        link = find_registered_link(reference, self._links.get_cached(reference))
        return link if link and not link.damage else None

    async def look_up(self, lookup: LookupRequired) -> Redirect | NotFound | Unavailable:
        """Decide after asking the registry."""
        try:
            resolved = await self._links.resolve(lookup.reference, now=lookup.click.at)
        except StorageError:
            return Unavailable(event=replace(lookup.click, url=lookup.path[:_MAX_RAW_TOKEN_CHARS], unresolved=True))
        return _decide_by_resolved_links(lookup, resolved)

    def _open(self, path: str) -> SealedPayload | LinkReference:
        """Open a path without its leading slash, which must be as it was sent.

        Raises:
            TokenMalformedError: not a token.
            TokenForgedError: no key of the ring sealed it.
        """
        identified = identify_key(path.partition("/")[0])
        if identified and identified[0] is TokenFormat.SEALED:
            return open_payload(self._ring, path)
        return parse_reference(self._ring, path)

    def _decide_by_registry(self, lookup: LookupRequired) -> Redirect | NotFound | LookupRequired:
        cached = self._links.get_cached(lookup.reference)
        if cached is None and not self._links.is_missing(lookup.reference, now=lookup.click.at):
            return lookup
        return _decide_by_resolved_links(lookup, cached)

    def build_click(self, request: Request, *, now: datetime, click_id: str) -> Click:
        """Build the click that a request makes, without the fields of its link."""
        headers = request.headers
        ip, https = self.proxies.resolve_client(request.peer, headers, https=request.https)
        return Click(
            id=click_id,
            at=now,
            method=request.method,
            ip=ip,
            user_agent=headers.get("user-agent", "")[:_MAX_USER_AGENT_CHARS],
            headers=select_recorded_headers(headers) if request.recorded_headers is None else request.recorded_headers,
            https=https,
            http_version=request.http_version,
        )


def _reject_tampered_token(click: Click, path: str) -> NotFound:
    has_changed = has_changed_case(path)
    damage = Damage.LETTER_CASE if has_changed else ""
    event = replace(click, url=path[:_MAX_RAW_TOKEN_CHARS], tampered=True, damage=damage)
    return NotFound(event=event, has_changed_case=has_changed)


def _decide_by_resolved_links(lookup: LookupRequired, resolved: ResolvedLinks | None) -> Redirect | NotFound:
    link, repair = find_registered_link(lookup.reference, resolved), lookup.repair
    location = encode_location(link.destination) if link else None
    if link is None or location is None or (repair and _may_be_cut_off(repair.path, resolved)):
        # Words that look like a short token are no damaged links.
        is_word = repair and lookup.reference.kind is ReferenceKind.SHORT_MESSAGE
        return NotFound() if is_word else _reject_tampered_token(lookup.click, lookup.path)
    event = add_link_fields(lookup.click, link)
    damage = repair.damage if repair else link.damage
    return Redirect(location=location, event=replace(event, damage=damage) if damage else event)


def _may_be_cut_off(token: str, resolved: ResolvedLinks | None) -> bool:
    """Whether a repaired short token may have lost the last digit of another link's position."""
    return resolved is not None and any(position in resolved.links for position in find_longer_positions(token))


def add_link_fields(click: Click, link: ClickedLink) -> Click:
    """Return the click with the fields of its link."""
    return replace(
        click,
        campaign=link.campaign,
        message_id=link.message_id,
        recipient=normalize_recipient(link.recipient),
        recipient_unsealed=link.recipient_unsealed,
        link=link.position,
        url=link.destination,
        group=link.group,
        trap=link.is_trap,
    )


def encode_location(destination: str) -> str | None:
    """Return the value of the ``Location`` header; None if the destination is not an http or https URL.

    The destination is unchanged if it is visible ASCII, otherwise serialised as the WHATWG URL standard says.
    """
    # Browsers treat a backslash as a slash (WHATWG URL section 4.4); other programs would see a different host.
    try:
        if "\\" not in destination and _is_visible_ascii_url(destination):
            return destination
        href = URL(destination).href
    except ValueError:
        return None
    return href if _is_visible_ascii_url(href) else None


def _is_visible_ascii_url(text: str) -> bool:
    """Whether this is an http or https URL that is valid in a ``Location`` header (RFC 9110 section 10.2.2)."""
    # A regular expression for all characters takes three times as long.
    return _WEB_URL_START.match(text) is not None and not text.encode().translate(None, _VISIBLE_ASCII)


_extract_host = lru_cache(4_096)(extract_host)


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Answer 410 Gone: the link is disabled or has expired."""

    event: Click


class ActiveEdits:
    """The latest edit of each target.

    Args:
        edits: all edits ever made.
    """

    def __init__(self, edits: Iterable[LinkEdit] = ()) -> None:
        active = select_active_edits(edits)
        self._is_empty = not active
        self._by_link = {
            (target.campaign, target.position): edit for target, edit in active.items() if target.position >= 0
        }
        self._by_url = {target.url: edit for target, edit in active.items() if target.url}
        self._by_host = {target.host: edit for target, edit in active.items() if target.host}

    def __bool__(self) -> bool:
        return not self._is_empty

    def apply(self, redirect: Redirect, *, now: datetime) -> Redirect | Gone:
        """Return the edited redirect. Its event keeps the destination as sent: reports group clicks by it."""
        edit = self.find(redirect.event)
        if edit is None:
            return redirect
        if edit.action is EditAction.EXPIRE and edit.expires_at and now < edit.expires_at:
            return redirect
        location = encode_location(edit.destination)
        return Redirect(location=location, event=redirect.event) if location else Gone(event=redirect.event)

    def find(self, click: Click) -> LinkEdit | None:
        """Return the edit that applies to the link of a click."""
        edit = self._by_link.get((click.campaign, click.link)) or self._by_url.get(click.url)
        if edit is None and self._by_host:
            return self._by_host.get(_extract_host(click.url))
        return edit


def select_active_edits(edits: Iterable[LinkEdit]) -> dict[EditTarget, LinkEdit]:
    """Return the latest edit of each target. Targets whose latest edit restores the link are left out."""
    latest = {edit.target.normalized: edit for edit in sorted(edits, key=lambda edit: (edit.at, edit.id))}
    return {target: edit for target, edit in latest.items() if edit.action is not EditAction.RESTORE}

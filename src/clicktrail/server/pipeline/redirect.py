"""Decide what a request for a tracking URL is answered with, and what is recorded of it.

Only what a key of the ring sealed, or the registry knows, redirects, and only to http and https. A token that looks
like ours and does not open never redirects, and is recorded: scanners change links to see what happens.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from ada_url import URL
from msgspec.structs import replace

from clicktrail.errors import StorageError, TokenForgedError, TokenMalformedError
from clicktrail.model.event import Click
from clicktrail.server.pipeline.link_lookup import (
    LinkReference,
    LinkResolver,
    ResolvedLinks,
    is_token_like,
    parse_reference,
)
from clicktrail.server.pipeline.request import IPNetwork, Request, TrustedProxies, select_recorded_headers
from clicktrail.tokens import KeyRing, SealedLink, open_token

__all__ = ["LookupRequired", "NotFound", "Redirect", "Redirector", "Unavailable", "encode_location"]

_VISIBLE_ASCII_URL = re.compile(r"(?i:https?)://[!-~]+")
"""An http or https URL of visible ASCII: what may stand in a ``Location`` as it is (RFC 9110 section 10.2.2)."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110 section 9.2.1); TRACE would only send the request back."""

_MAX_USER_AGENT_CHARS = 512
_MAX_RAW_TOKEN_CHARS = 200


# Structs here, as for what is sealed: several are made for each click, in a tenth of a dataclass's time.


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """Send the reader on, once the event is recorded, or it is clear that it cannot be.

    Attributes:
        location: an http or https URL of visible ASCII.
        event: what to record.
    """

    location: str
    event: Click


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing here.

    Attributes:
        event: what to record first; None for paths that have nothing to do with us.
    """

    event: Click | None = None


class Unavailable(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody can tell just now where the link leads.

    Attributes:
        event: what to record first.
    """

    event: Click


class LookupRequired(msgspec.Struct, frozen=True, kw_only=True):
    """The registry must be asked where the link leads: `Redirector.look_up` does.

    Attributes:
        reference: what to ask for.
        token: what was asked for.
        click: what the request itself tells.
    """

    reference: LinkReference
    token: str
    click: Click


class Redirector:
    """Knows the keys, and whom to believe about a client's address.

    Args:
        ring: the keys that open tokens.
        links: where campaign and short tokens lead.
        trusted_proxies: the networks of our own TLS proxies.
    """

    def __init__(self, ring: KeyRing, *, links: LinkResolver, trusted_proxies: Sequence[IPNetwork] = ()) -> None:
        self._ring = ring
        self._links = links
        self._proxies = TrustedProxies(trusted_proxies)

    def decide(self, request: Request, *, now: datetime, click_id: str) -> Redirect | NotFound | LookupRequired:
        """Answer what asks for a token's path; the query, which any relay on the way may add, is ignored.

        Args:
            request: what was asked.
            now: aware, UTC.
            click_id: the id of the event, if there will be one.
        """
        if request.method not in _SAFE_METHODS:
            return NotFound()
        token = request.path.removeprefix("/")
        try:
            sealed = open_token(self._ring, token)
        except TokenForgedError:
            return _reject_tampered_token(self._build_click(request, now=now, click_id=click_id), token)
        except TokenMalformedError:
            return self._decide_by_reference(request, token, now=now, click_id=click_id)
        location = encode_location(sealed.destination)
        if location is None:
            return NotFound()
        click = self._build_click(request, now=now, click_id=click_id)
        return Redirect(location=location, event=_add_token_fields(click, sealed))

    async def look_up(self, lookup: LookupRequired) -> Redirect | NotFound | Unavailable:
        """Decide with the registry's help."""
        try:
            stored = await self._links.resolve(lookup.reference)
        except StorageError:
            return Unavailable(event=replace(lookup.click, url=lookup.token[:_MAX_RAW_TOKEN_CHARS], unresolved=True))
        return _decide_by_resolved_links(lookup, stored)

    def _decide_by_reference(
        self, request: Request, token: str, *, now: datetime, click_id: str
    ) -> Redirect | NotFound | LookupRequired:
        """Decide on a token that is none of the sealed format."""
        try:
            reference = parse_reference(self._ring, token)
        except TokenForgedError:
            return _reject_tampered_token(self._build_click(request, now=now, click_id=click_id), token)
        except TokenMalformedError:
            if not is_token_like(token):
                return NotFound()
            return _reject_tampered_token(self._build_click(request, now=now, click_id=click_id), token)
        lookup = LookupRequired(
            reference=reference, token=token, click=self._build_click(request, now=now, click_id=click_id)
        )
        stored = self._links.get_cached(reference)
        return lookup if stored is None else _decide_by_resolved_links(lookup, stored)

    def _build_click(self, request: Request, *, now: datetime, click_id: str) -> Click:
        """What the request itself tells."""
        headers = request.headers
        ip, https = self._proxies.resolve_client(request.peer, headers, https=request.https)
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


def _reject_tampered_token(click: Click, token: str) -> NotFound:
    return NotFound(event=replace(click, url=token[:_MAX_RAW_TOKEN_CHARS], tampered=True))


def _decide_by_resolved_links(lookup: LookupRequired, resolved: ResolvedLinks | None) -> Redirect | NotFound:
    """Where a reference leads by what the registry has."""
    reference = lookup.reference
    link = resolved.links.get(reference.position) if resolved else None
    location = encode_location(link.destination) if link else None
    if resolved is None or link is None or location is None:
        return _reject_tampered_token(lookup.click, lookup.token)
    event = replace(
        lookup.click,
        campaign=resolved.campaign,
        message_id=reference.message_id or resolved.message_id,
        recipient=reference.recipient or resolved.recipient,
        recipient_unsealed=reference.recipient_unsealed,
        link=reference.position,
        url=link.destination,
        group=link.group,
    )
    return Redirect(location=location, event=event)


def _add_token_fields(click: Click, sealed: SealedLink) -> Click:
    """What the token adds."""
    return replace(
        click,
        campaign=sealed.campaign,
        message_id=sealed.message_id,
        recipient=sealed.recipient,
        link=sealed.position,
        url=sealed.destination,
        group=sealed.group,
    )


def encode_location(destination: str) -> str | None:
    """The destination as it was sealed; its WHATWG serialisation where that is no visible ASCII; None if not web."""
    # Browsers take a backslash for a slash (WHATWG URL section 4.4); whoever does not would read another host.
    if "\\" not in destination and _VISIBLE_ASCII_URL.fullmatch(destination):
        return destination
    try:
        href = URL(destination).href
    except ValueError:
        return None
    return href if _VISIBLE_ASCII_URL.fullmatch(href) else None

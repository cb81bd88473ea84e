"""The quick lane: what most clicks are, answered in one function.

Theory of operation. The full lane parses a request, decides, applies edits and consent, and encodes the event: a dozen
calls and as many objects, because each step handles every case. Nearly all clicks are the same case: a GET in one
piece, on a connection that waits for nothing, with a token whose link is known without the registry.
`QuickLane.prepare` answers these. For everything else it returns None before anything has happened, and the full lane
takes the request.

1. Split the request into target and head. Clients with the same browser send the same head, byte for byte. What depends
   on the head alone is computed once, by the full lane's own functions, and then found in a dictionary: the site, the
   recorded headers as JSON, and whether the reader opted out.
2. Find the token's link, in the token itself or in the cache of campaigns (`Redirector.find_link`).
3. Encode the click. The end of the event, from the User-Agent on, depends on the head alone and is already encoded.

The quick lane has no rules of its own: a test compares both lanes, which give the same bytes and the same event. The
full lane takes a request if

- it is not a GET in one piece with an ordinary head, or is the last one of its connection;
- its host is no tracking domain, or one that passes clicks to landing pages;
- its reader opted out by a header;
- its token fails, needs the registry, has a query or ``+``, or has no http or https URL;
- its link was edited, or leads where its domain does not allow;
- its recipient was erased or denied consent;
- the journal is degraded.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from clicktrail.model.event import Click, format_rfc3339
from clicktrail.model.recipient import normalize_recipient
from clicktrail.server.edge.http_reader import (
    is_last_request,
    parse_simple_request,
    split_forwarded_for,
)
from clicktrail.server.edge.routes import Routes, Site
from clicktrail.server.pipeline.privacy import has_opted_out
from clicktrail.server.pipeline.redirect import Redirect, encode_location
from clicktrail.server.pipeline.tracking_domains import is_allowed_destination

_HEAD_CACHE_SIZE: Final = 1024
"""Heads in the cache, of at most 4,000 bytes each."""

_FORWARDED_FOR: Final = "x-forwarded-for"
_AFTER_TARGET: Final = b" HTTP/1.1\r\n"
_PROXY_HEADERS: Final = (_FORWARDED_FOR, "x-forwarded-proto")

_encode = msgspec.json.Encoder().encode


class _ClickStart(msgspec.Struct, tag_field="type", tag="click", omit_defaults=True):
    """The fields of a click that differ between requests with one head. In its encoding, all others follow them."""

    id: str
    at: str
    campaign: str = ""
    message_id: str = ""
    recipient: str = ""
    link: int = -1
    url: str = ""
    group: str = ""
    ip: str = ""


_EMPTY_START: Final = _encode(_ClickStart(id="", at="")).removesuffix(b"}")


class _Head(msgspec.Struct, frozen=True):
    """What is the same for all requests with one head.

    Attributes:
        site: None if these requests take the full lane.
        click: click without the fields of `_ClickStart`.
        ends: its encoding, without and with https.
        proxy_headers: what a trusted proxy reports of its client.
    """

    site: Site | None
    click: Click
    ends: tuple[bytes, bytes]
    proxy_headers: dict[str, str]


class QuickLane:
    """Answers ordinary clicks.

    Attributes:
        answered_count: number of requests so far that did not take the full lane.
    """

    def __init__(self, routes: Routes) -> None:
        self.answered_count = 0
        self._routes = routes
        self._heads: dict[bytes, _Head] = {}
        self._now: datetime | None = None
        self._now_text = ""
        self._load_settings()

    def prepare(self, data: bytes, peer: str, *, https: bool) -> tuple[bytes, bytes] | None:
        """Return the response's head and the event to commit before it; None if the request takes the full lane."""
        routes = self._routes
        if (
            routes.sites is not self._sites
            or routes.overrides is not self._overrides
            or routes.erased is not self._erased
            or routes.denied is not self._denied
        ):
            self._load_settings()
        # 1. Target and head.
        target, _, head_bytes = data.partition(_AFTER_TARGET)
        head, forwarded_for = self._heads.get(head_bytes), ""
        if head is None:
            head, forwarded_for = self._find_head(head_bytes)
        if head is None or head.site is None or target[:5] != b"GET /" or routes.journal.is_degraded:
            return None
        # 2. Link.
        redirector = routes.redirector
        link = redirector.find_link(target[5:].decode("latin-1"))
        location = encode_location(link.destination) if link else None
        if link is None or location is None:
            return None
        # 3. Click.
        proxy_headers = {**head.proxy_headers, _FORWARDED_FOR: forwarded_for} if forwarded_for else head.proxy_headers
        ip, https = redirector.proxies.resolve_client(peer, proxy_headers, https=https)
        now = routes.clock.now()
        if now is not self._now:
            self._now, self._now_text = now, format_rfc3339(now)
        recipient = normalize_recipient(link.recipient)
        if head.site.restricts_destinations or self._has_exceptions:
            click = replace(head.click, campaign=link.campaign, link=link.position, url=link.destination)
            redirect = Redirect(location=location, event=replace(click, recipient=recipient))
            if self._is_exception(redirect, head.site, now=now):
                return None
        start = _ClickStart(
            routes.ids.new(),
            self._now_text,
            link.campaign,
            link.message_id,
            recipient,
            link.position,
            link.destination,
            link.group,
            ip,
        )
        end = head.ends[https]
        if link.is_trap or link.recipient_unsealed:
            click = replace(head.click, https=https, recipient_unsealed=link.recipient_unsealed, trap=link.is_trap)
            end = _encode_end(click)
        self.answered_count += 1
        return routes.responses.redirect_head(location, head.site.redirect_headers), _encode(start)[:-1] + end

    def _load_settings(self) -> None:
        """Use the settings in force. They are replaced as a whole when they change, so that identity shows a change."""
        routes = self._routes
        self._sites, self._overrides = routes.sites, routes.overrides
        self._erased, self._denied = routes.erased, routes.denied
        self._has_exceptions = bool(self._overrides or self._erased or self._denied)
        self._heads.clear()

    def _is_exception(self, redirect: Redirect, site: Site, *, now: datetime) -> bool:
        """Whether a click is not recorded as it is, or leads elsewhere."""
        recipient = redirect.event.recipient
        return (
            (site.restricts_destinations and not is_allowed_destination(site.destinations, redirect.location))
            or recipient in self._erased
            or recipient in self._denied
            or (bool(self._overrides) and self._overrides.apply(redirect, now=now) is not redirect)
        )

    def _find_head(self, head_bytes: bytes) -> tuple[_Head | None, str]:
        """Return what is known of a head without ``X-Forwarded-For``, and the value of that header."""
        head_bytes, forwarded_for = split_forwarded_for(head_bytes)
        head = self._heads.get(head_bytes) or self._add_head(head_bytes)
        if head and forwarded_for and _FORWARDED_FOR in head.proxy_headers:
            return None, ""
        return head, forwarded_for

    def _add_head(self, head_bytes: bytes) -> _Head | None:
        request = parse_simple_request(b"GET /" + _AFTER_TARGET + head_bytes, peer="")
        if request is None:
            return None
        routes = self._routes
        site = self._sites.find(request.headers.get("host", ""))
        if site and (site.landing_hosts or has_opted_out(request.headers) or is_last_request(request)):
            site = None
        click = routes.redirector.build_click(request, now=routes.clock.now(), click_id="")
        proxy_headers = {name: request.headers[name] for name in _PROXY_HEADERS if name in request.headers}
        if len(self._heads) >= _HEAD_CACHE_SIZE:
            del self._heads[next(iter(self._heads))]
        ends = _encode_end(replace(click, https=False)), _encode_end(replace(click, https=True))
        self._heads[head_bytes] = head = _Head(site, click, ends, proxy_headers)
        return head


def _encode_end(click: Click) -> bytes:
    """Encode a click without the fields of `_ClickStart`, to be appended to them."""
    return _encode(replace(click, at="")).removeprefix(_EMPTY_START)

"""Links of a received message: whose they are, and where ours lead."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from clicktrail.model.edit import LinkEdit
from clicktrail.model.link import BodyType
from clicktrail.rewrite import LinkRewriter, NumberedLink, Policy, rewrite_html, rewrite_text
from clicktrail.rewrite.candidate import MAX_URL_BYTES
from clicktrail.rewrite.document import decode_bodies
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.encodings import decode_text
from clicktrail.rewrite.link_purpose import MAIL_FILTERS, identify_wrapper
from clicktrail.rewrite.mime import Headers, parse_headers
from clicktrail.rewrite.url import ParsedUrl, parse_url
from clicktrail.server.pipeline.redirect import ActiveEdits, LookupRequired, Redirect, Redirector, Unavailable
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import Damage, KeyRing, identify_key
from clicktrail.wrapped_urls import unwrap_url

_SIGNATURE_FIELDS = ("dkim-signature", "arc-message-signature", "arc-seal", "arc-authentication-results")


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge would do with a tracking URL.

    Attributes:
        destination: destination as sent; empty if the link does not open.
        location: where a click leads now; empty if it is answered with an error.
        edit: the edit that changed the destination or disabled the link.
        damage: how the link differs from the one that was sent; empty if it does not.
        is_template: whether an ESP has completed the link from a template.
        failure: ``unknown-key``, ``revoked-key``, ``changed`` or ``not-stored``; ``unavailable`` if the registry is.
    """

    destination: str = ""
    location: str = ""
    campaign: str = ""
    message_id: str = ""
    is_template: bool = False
    position: int = -1
    edit: LinkEdit | None = None
    damage: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLink:
    """A link of a received message.

    Attributes:
        host: host of the URL that the gateways have wrapped.
        gateways: mail filters and programs of the recipient that have wrapped it, outermost first.
        wrapper: name of the ESP whose URL it is; empty if none.
        own_url: our tracking URL: the link itself, or one inside the ESP's URL; empty if none is visible.
        opening: what the edge would do with our URL; None if it is not ours.
    """

    url: str
    host: str
    gateways: tuple[str, ...] = ()
    wrapper: str = ""
    own_url: str = ""
    opening: Opening | None = None

    @property
    def is_own(self) -> bool:
        """Whether the link leads to our tracking domain first."""
        return bool(self.own_url) and not self.wrapper


def find_urls(raw: bytes) -> tuple[str, ...]:
    """All http and https URLs of the links of a message, signed or not, each once."""
    urls: dict[str, None] = {}
    for body_part, content in decode_bodies(raw):
        decoded = None if content is None else decode_text(content, body_part.charset)
        if decoded is None:
            continue
        rewrite = rewrite_html if body_part.body_type is BodyType.HTML else rewrite_text
        links = rewrite(decoded.text, _LISTING_REWRITER).links
        urls |= dict.fromkeys(link.href.strip() for link in links if len(link.href) <= MAX_URL_BYTES)
    return tuple(url for url in urls if url.lower().startswith(("http://", "https://")))


def remove_signatures(raw: bytes) -> bytes:
    """Remove DKIM and ARC signatures, which were added after clicktrail had the message."""
    headers = parse_headers(raw, 0, len(raw))
    if not isinstance(headers, Headers):
        return raw
    spans = sorted(span for name in _SIGNATURE_FIELDS for span in headers.spans.get(name, ()))
    return splice(raw, [ByteEdit(start=start, end=end, replacement=b"") for start, end in spans])


def classify_link(url: str, own_hosts: Sequence[str]) -> ReceivedLink | None:
    """Find out whose link it is, behind the gateways that have wrapped it; None if its URL cannot be parsed."""
    unwrapped = unwrap_url(url)
    gateways = [wrapper.name for wrapper in unwrapped.wrappers] + ([unwrapped.closed.name] if unwrapped.closed else [])
    try:
        parsed = parse_url(unwrapped.url)
    except ValueError:
        return None
    if parsed.host in own_hosts:
        return ReceivedLink(url=url, host=parsed.host, gateways=tuple(gateways), own_url=unwrapped.url)
    wrapper = find_esp_wrapper(unwrapped.url)
    return ReceivedLink(
        url=url,
        host=parsed.hostname,
        gateways=tuple(gateways),
        wrapper=wrapper,
        own_url=_find_own_url(unwrapped.url, own_hosts) if wrapper else "",
    )


def _find_own_url(url: str, own_hosts: Sequence[str]) -> str:
    """Our tracking URL inside the URL of an ESP; empty if none is readable.

    A recipient id behind the token belongs to it only if its slash is encoded too: else it is the ESP's.
    """
    for host in own_hosts:
        found = re.search(
            rf"(?i:(?:(?<![\w.-])|(?<=%2F)|(?<=252F)){re.escape(host)}(?P<slash>/|%(?:25)*2F))(?P<token>[A-Za-z0-9_-]+)"
            r"(?:(?=%)(?P=slash)(?P<id>[A-Za-z0-9._~-]+))?",
            url,
        )
        if found:
            return f"https://{host}/{'/'.join(filter(None, (found['token'], found['id'])))}"
    return ""


def find_esp_wrapper(url: str) -> str:
    """Name of the ESP whose tracking URL this is; empty if it is none."""
    try:
        wrapper = identify_wrapper(parse_url(url))
    except ValueError:
        return ""
    return "" if wrapper in MAIL_FILTERS else wrapper


class LinkOpener:
    """Opens tracking URLs as the edge does, without a click."""

    def __init__(self, ring: KeyRing, redirector: Redirector, edits: ActiveEdits, *, now: datetime) -> None:
        self._ring = ring
        self._redirector = redirector
        self._edits = edits
        self._now = now

    async def open(self, url: str) -> Opening:
        """What the edge would do with a tracking URL."""
        path = _get_path(parse_url(url))
        request = Request(method="GET", path=f"/{path}", peer="", headers={})
        decision = self._redirector.decide(request, now=self._now, click_id="")
        if isinstance(decision, LookupRequired):
            found = await self._redirector.look_up(decision)
            if isinstance(found, Unavailable):
                found = await self._redirector.look_up(decision)  # a busy machine may take longer than one attempt
            if isinstance(found, Redirect):
                return self._describe_redirect(found)
            return Opening(failure="unavailable" if isinstance(found, Unavailable) else "not-stored")
        if isinstance(decision, Redirect):
            return self._describe_redirect(decision)
        return Opening(failure=self._explain_failure(path))

    def _describe_redirect(self, redirect: Redirect) -> Opening:
        edited = self._edits.apply(redirect, now=self._now)
        event = redirect.event
        return Opening(
            destination=event.url,
            location=edited.location if isinstance(edited, Redirect) else "",
            campaign=event.campaign,
            message_id=event.message_id,
            is_template=event.recipient_unsealed or event.damage == Damage.NO_RECIPIENT_ID,
            position=event.link,
            edit=None if edited is redirect else self._edits.find(event),
            damage=event.damage,
        )

    def _explain_failure(self, path: str) -> str:
        identified = identify_key(path.partition("/")[0])
        key = next((key for key in self._ring.keys if identified and key.number == identified[1]), None)
        if identified and key is None:
            return "unknown-key"
        return "revoked-key" if key and key.state == "revoked" else "changed"


def _get_path(url: ParsedUrl) -> str:
    return url.path.removeprefix("/")


def _make_placeholder_url(_: NumberedLink) -> str:
    """A URL that is never sent: links are listed while they are rewritten."""
    return "https://links.invalid/x"


_LISTING_REWRITER = LinkRewriter(
    policy=Policy(), make_url_tagger=lambda: lambda candidate: candidate.url, make_tracking_url=_make_placeholder_url
)


def iter_opened(links: Sequence[ReceivedLink]) -> Iterator[tuple[ReceivedLink, Opening]]:
    """Our links, each with what the edge would do with it."""
    return ((link, link.opening) for link in links if link.opening)

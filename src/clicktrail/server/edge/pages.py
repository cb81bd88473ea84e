"""The public pages, in the reader's language: small, without script, and readable by every program that reads aloud."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.server.edge.responses import Response, make_response
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.tracking_domains import TrackingDomain

__all__ = [
    "DEFAULT_LANGUAGE",
    "AboutPageText",
    "PageText",
    "Pages",
    "RecordingOptions",
    "Site",
    "Sites",
    "Translation",
    "load_translations",
    "negotiate_language",
]

# FOLDED words.py: The words of the public pages, by language, from ``pages.toml``.

DEFAULT_LANGUAGE = "en"


class PageText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that has one thing to say."""

    title: str
    text: str


class AboutPageText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page about one link; each field is a sentence or a heading of it, in its order."""

    title: str
    text: str
    sender_heading: str
    sender_unknown: str
    destination_heading: str
    untracked_note: str
    recorded_heading: str
    recorded_with_recipient: str
    recorded_without_recipient: str
    recorded_request: str
    ip_retention: str
    opted_out_anonymous: str
    opted_out_none: str


class Translation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    ask_sender: str
    ask_sender_at: str
    not_found: PageText
    ended: PageText
    unavailable: PageText
    unknown_host: PageText
    home: PageText
    about: AboutPageText


def load_translations() -> Mapping[str, Translation]:
    """Every language by its tag."""
    text = (resources.files("clicktrail.server.edge") / "pages.toml").read_text("utf-8")
    return decode_toml(text, dict[str, Translation], name="pages.toml")


def negotiate_language(accept_language: str, available: Mapping[str, object]) -> str:
    """Which of the known languages a reader likes best, by their ``Accept-Language`` (RFC 9110 section 12.5.4)."""
    ranges = [_parse_language_range(part) for part in accept_language.split(",")]
    liked = [(weight, -place, tag) for place, (tag, weight) in enumerate(ranges) if tag in available and weight > 0]
    return max(liked)[2] if liked else DEFAULT_LANGUAGE


def _parse_language_range(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";")
    try:
        return tag.strip().lower().partition("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return "", 0.0


_STYLE = (
    ":root { color-scheme: light dark; background: Canvas; color: CanvasText } "
    "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem } "
    "h1 { font-size: 1.6rem; line-height: 1.2 } h2 { font-size: 1.1rem; margin-bottom: 0 } "
    "p { margin-top: .3rem; overflow-wrap: anywhere }"
)

_PAGE_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "Cache-Control: no-store\r\n"
    "Vary: Accept-Language\r\n"
    "Referrer-Policy: no-referrer\r\n"  # the page's own address is somebody's link
    "X-Robots-Tag: noindex\r\n"
)

_RETRY_AFTER_S = 60
"""When to come again where a link cannot be looked up: whoever runs the registry has to do something first."""

_PAGE_STATUS = {
    "not_found": "404 Not Found",
    "ended": "410 Gone",
    "unavailable": "503 Service Unavailable",
    "unknown_host": "421 Misdirected Request",
    "home": "200 OK",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """What the settings in force have recorded, as far as a reader is told.

    Attributes:
        address_hours: how long a whole address is kept.
        records_opted_out: whether anything is recorded of those whose browser asks not to be tracked.
    """

    address_hours: int = 72
    records_opted_out: bool = True


class Pages:
    """The pages of one tracking domain.

    Args:
        domain: whose.
        recording: what is recorded.
        headers: header fields that its every answer has.
    """

    def __init__(self, domain: TrackingDomain, *, recording: RecordingOptions, headers: str = "") -> None:
        self._domain = domain
        self._recording = recording
        self._headers = _PAGE_HEADERS + headers
        self._translations = load_translations()
        self._rendered = {
            (name, tag): self._render_page(name, tag, known)
            for tag, known in self._translations.items()
            for name in _PAGE_STATUS
        }

    def not_found(self, headers: Mapping[str, str]) -> Response:
        """404: a link that was changed on its way, or anything that is no link at all."""
        return self._rendered["not_found", self._select_language(headers)]

    def ended(self, headers: Mapping[str, str]) -> Response:
        """410: a link that its sender has turned off, or whose time is over."""
        return self._rendered["ended", self._select_language(headers)]

    def unavailable(self, headers: Mapping[str, str]) -> Response:
        """503: nobody can tell just now where the link leads."""
        return self._rendered["unavailable", self._select_language(headers)]

    def unknown_host(self, headers: Mapping[str, str]) -> Response:
        """421: a host that is not ours (RFC 9110 section 15.5.20)."""
        return self._rendered["unknown_host", self._select_language(headers)]

    def home(self, headers: Mapping[str, str]) -> Response:
        """What the domain's own address shows."""
        return self._rendered["home", self._select_language(headers)]

    def about(self, redirect: Redirect, *, host: str, headers: Mapping[str, str]) -> Response:
        """What there is to know of one link, for the reader who wants to know before following it.

        The recipient is not named: whoever has got the link from them would learn it.
        """
        tag = self._select_language(headers)
        told, records = self._translations[tag].about, self._recording
        kept = [
            told.recorded_with_recipient if redirect.event.recipient else told.recorded_without_recipient,
            told.recorded_request,
            told.ip_retention.format(hours=records.address_hours),
            told.opted_out_anonymous if records.records_opted_out else told.opted_out_none,
        ]
        who = " ".join(filter(None, (self._domain.sender, self._domain.contact))) or told.sender_unknown.format(
            host=host
        )
        where = html.escape(redirect.location)
        body = (
            f"<p>{html.escape(told.text)}</p>\n"
            f"<h2>{html.escape(told.sender_heading)}</h2>\n<p>{html.escape(who)}</p>\n"
            f'<h2>{html.escape(told.destination_heading)}</h2>\n<p><a href="{where}" rel="noreferrer">{where}</a></p>\n'
            f"<p>{html.escape(told.untracked_note)}</p>\n"
            f"<h2>{html.escape(told.recorded_heading)}</h2>\n"
            f"<ul>\n{''.join(f'<li>{html.escape(line)}</li>{chr(10)}' for line in kept)}</ul>\n"
        )
        return make_response("200 OK", self._headers, _render_document(tag, told.title, body))

    def _select_language(self, headers: Mapping[str, str]) -> str:
        return negotiate_language(headers.get("accept-language", ""), self._translations)

    def _render_page(self, name: str, tag: str, known: Translation) -> Response:
        says: PageText = getattr(known, name)
        domain = self._domain
        text = [html.escape(says.text)]
        if name in {"not_found", "ended"}:
            asked = known.ask_sender_at.format(contact=domain.contact) if domain.contact else known.ask_sender
            text.append(html.escape(asked))
        if name == "home":
            text += [html.escape(line) for line in (domain.sender, domain.contact) if line]
            text += [f'<a href="{html.escape(domain.home)}">{html.escape(domain.home)}</a>'] if domain.home else []
        fields = f"Retry-After: {_RETRY_AFTER_S}\r\n" if name == "unavailable" else ""
        body = "".join(f"<p>{line}</p>\n" for line in text)
        return make_response(_PAGE_STATUS[name], self._headers + fields, _render_document(tag, says.title, body))


def _render_document(tag: str, title: str, body: str) -> bytes:
    return (
        "<!doctype html>\n"
        f'<html lang="{tag}">\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n"
        f"<main>\n<h1>{html.escape(title)}</h1>\n{body}</main>\n"
        "</html>\n"
    ).encode()


# FOLDED sites.py: What each tracking domain answers with, ready to be sent.

_DAY_S = 86_400
_JSON_HEADERS = "Content-Type: application/json\r\nCache-Control: public, max-age=3600\r\n"
_GPC_JSON = b'{"gpc":true,"lastUpdate":"2026-11-23"}\n'
"""What https://w3c.github.io/gpc/#gpc-support-resource asks a site to say that honours Global Privacy Control. The date
is that of the last change to how it does."""
_ROBOTS_TXT = b"User-agent: *\nDisallow: /\n"

_DEFAULT_RECORDING = RecordingOptions()

RenderPage = Callable[[Mapping[str, str]], Response]
"""Of a request's headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One tracking domain.

    Attributes:
        recording: what is recorded.
        pages: in its readers' languages.
        static_pages: by path, what is answered at once.
        redirect_headers: header fields of its redirects.
        destinations: hosts that its links may lead to.
        restricts_destinations: whether these are not all there are.
        landing_hosts: of pages that are handed the clicks on its links; none where it has neither script nor beacon.
    """

    recording: RecordingOptions
    pages: Pages
    static_pages: Mapping[str, RenderPage]
    redirect_headers: bytes
    destinations: tuple[str, ...]
    restricts_destinations: bool
    landing_hosts: tuple[str, ...]

    @classmethod
    def from_domain(
        cls, domain: TrackingDomain, recording: RecordingOptions, landing_hosts: tuple[str, ...] = ()
    ) -> "Site":
        """Make all of its answers."""
        fields = f"Strict-Transport-Security: max-age={domain.hsts_days * _DAY_S}\r\n" if domain.hsts_days else ""
        if domain.opted_out:
            recording = replace(recording, records_opted_out=domain.opted_out != "none")
        pages = Pages(domain, recording=recording, headers=fields)
        files = {
            "/robots.txt": make_response("200 OK", "Content-Type: text/plain\r\n" + fields, _ROBOTS_TXT),
            "/.well-known/gpc.json": make_response("200 OK", _JSON_HEADERS + fields, _GPC_JSON),
        }
        for name in ("apple_app_site_association", "assetlinks"):
            if text := getattr(domain, name):
                files[_WELL_KNOWN_PATHS[name]] = make_response("200 OK", _JSON_HEADERS + fields, text.encode())
        return cls(
            recording=recording,
            pages=pages,
            static_pages={"/": pages.home} | {path: _constant_page(file) for path, file in files.items()},
            redirect_headers=fields.encode(),
            destinations=domain.destinations,
            restricts_destinations="*" not in domain.destinations,
            landing_hosts=landing_hosts if domain.engagement_hosts is None else domain.engagement_hosts,
        )


_WELL_KNOWN_PATHS = {
    "apple_app_site_association": "/.well-known/apple-app-site-association",
    "assetlinks": "/.well-known/assetlinks.json",
}
"""Where iOS and Android look: "Supporting associated domains" (Apple), "Verify Android App Links" (Google)."""


class Sites:
    """The tracking domains by the names that requests call them by.

    Args:
        domains: all of them; none to serve every name alike.
        recording: what is recorded where a domain does not say.
        landing_hosts: of pages that are handed clicks where a domain does not say.
    """

    def __init__(
        self,
        domains: Sequence[TrackingDomain] = (),
        *,
        recording: RecordingOptions = _DEFAULT_RECORDING,
        landing_hosts: tuple[str, ...] = (),
    ) -> None:
        everything = Site.from_domain(TrackingDomain(), recording, landing_hosts)
        self.unknown_host = everything.pages.unknown_host
        self._by_host = {domain.host: Site.from_domain(domain, recording, landing_hosts) for domain in domains}
        self._catch_all = None if domains else everything

    def find(self, host: str) -> Site | None:
        """The site that a ``Host`` names; None if it is none of ours."""
        return self._catch_all or self._by_host.get(host) or self._by_host.get(_normalize_host(host))


def _normalize_host(host: str) -> str:
    """The name, as domains are listed: the port is the proxy's, and a name has no case and may end in a dot."""
    return host.rpartition(":")[0 if host.rpartition(":")[2].isdigit() else 2].lower().removesuffix(".")


def _constant_page(response: Response) -> RenderPage:
    return lambda _headers: response

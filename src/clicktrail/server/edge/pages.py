"""Public pages of the tracking domains: error pages, home page, and the page about a link.

The pages are small, without script, accessible, and in the language of the reader; ``pages.toml`` has their texts. All
but the page about a link are rendered at the start.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.server.edge.responses import Response, make_response
from clicktrail.server.pipeline.redirect import Redirect

DEFAULT_LANGUAGE = "en"


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
    "Referrer-Policy: no-referrer\r\n"  # the URL of the page is a recipient's link
    "X-Robots-Tag: noindex\r\n"
)

_PAGE_STATUS = {
    "not_found": "404 Not Found",
    "changed_case": "404 Not Found",
    "ended": "410 Gone",
    "unavailable": "503 Service Unavailable",
    "unknown_host": "421 Misdirected Request",
    "home": "200 OK",
}

_MAX_ACCEPT_LANGUAGE_CHARS = 256
"""Length of the header that is read. Browsers send less than half of it."""

_RETRY_AFTER_S = 60
"""For links that cannot be looked up: the registry is unlikely to be back sooner."""

"""Paths that iOS and Android look up: "Supporting associated domains" (Apple), "Verify Android App Links" (Google)."""


class PageText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Text of a page with one paragraph."""

    title: str
    text: str


class AboutPageText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Text of the page about a link: headings and sentences in the order of the page."""

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
    opted_out_recorded_anonymously: str
    opted_out_not_recorded: str


class Translation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All texts in one language."""

    ask_sender: str
    ask_sender_at: str
    not_found: PageText
    changed_case: PageText
    ended: PageText
    unavailable: PageText
    unknown_host: PageText
    home: PageText
    about: AboutPageText


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """What the settings let the edge record, as far as the page about a link shows it."""

    ip_address_hours: int = 72
    records_opted_out: bool = True


class Pages:
    """The pages of one tracking domain."""

    def __init__(self, domain: TrackingDomain, *, recording: RecordingOptions, headers: str = "") -> None:
        self._domain = domain
        self._recording = recording
        self._headers = _PAGE_HEADERS + headers
        self._translations = load_translations()
        self._rendered = {
            (name, language): self._render_page(name, language, translation)
            for language, translation in self._translations.items()
            for name in _PAGE_STATUS
        }

    def not_found(self, headers: Mapping[str, str]) -> Response:
        """404: a tampered link, or an unknown path."""
        return self._rendered["not_found", self._select_language(headers)]

    def changed_case(self, headers: Mapping[str, str]) -> Response:
        """404: a link whose letters have all become lower or upper case."""
        return self._rendered["changed_case", self._select_language(headers)]

    def ended(self, headers: Mapping[str, str]) -> Response:
        """410: a link that was disabled or has expired."""
        return self._rendered["ended", self._select_language(headers)]

    def unavailable(self, headers: Mapping[str, str]) -> Response:
        """503: a link that cannot be looked up now."""
        return self._rendered["unavailable", self._select_language(headers)]

    def unknown_host(self, headers: Mapping[str, str]) -> Response:
        """421: a host that is not a tracking domain (RFC 9110 section 15.5.20)."""
        return self._rendered["unknown_host", self._select_language(headers)]

    def home(self, headers: Mapping[str, str]) -> Response:
        """200: the page at ``/``."""
        return self._rendered["home", self._select_language(headers)]

    def about(self, redirect: Redirect, *, host: str, headers: Mapping[str, str]) -> Response:
        """200: the page about a link. It does not name the recipient, because the link may have been forwarded."""
        language = self._select_language(headers)
        page, recording = self._translations[language].about, self._recording
        recorded = [
            page.recorded_with_recipient if redirect.event.recipient else page.recorded_without_recipient,
            page.recorded_request,
            page.ip_retention.format(hours=recording.ip_address_hours),
            page.opted_out_recorded_anonymously if recording.records_opted_out else page.opted_out_not_recorded,
        ]
        sender = " ".join(filter(None, (self._domain.sender, self._domain.contact)))
        sender = sender or page.sender_unknown.format(host=host)
        url = html.escape(redirect.location)
        recorded_items = "".join(f"<li>{html.escape(item)}</li>\n" for item in recorded)
        body = (
            f"<p>{html.escape(page.text)}</p>\n"
            f"<h2>{html.escape(page.sender_heading)}</h2>\n<p>{html.escape(sender)}</p>\n"
            f'<h2>{html.escape(page.destination_heading)}</h2>\n<p><a href="{url}" rel="noreferrer">{url}</a></p>\n'
            f"<p>{html.escape(page.untracked_note)}</p>\n"
            f"<h2>{html.escape(page.recorded_heading)}</h2>\n"
            f"<ul>\n{recorded_items}</ul>\n"
        )
        return make_response("200 OK", self._headers, _render_document(language, page.title, body))

    def _select_language(self, headers: Mapping[str, str]) -> str:
        return negotiate_language(headers.get("accept-language", ""), self._translations)

    def _render_page(self, name: str, language: str, translation: Translation) -> Response:
        page: PageText = getattr(translation, name)
        domain = self._domain
        paragraphs = [html.escape(page.text)]
        if name in {"not_found", "changed_case", "ended"}:
            ask = translation.ask_sender_at.format(contact=domain.contact) if domain.contact else translation.ask_sender
            paragraphs.append(html.escape(ask))
        if name == "home":
            paragraphs += [html.escape(line) for line in (domain.sender, domain.contact) if line]
            url = html.escape(domain.home)
            paragraphs += [f'<a href="{url}">{url}</a>'] if url else []
        headers = self._headers + (f"Retry-After: {_RETRY_AFTER_S}\r\n" if name == "unavailable" else "")
        body = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
        return make_response(_PAGE_STATUS[name], headers, _render_document(language, page.title, body))


def load_translations() -> Mapping[str, Translation]:
    """Load the texts of all languages, by language tag."""
    text = (resources.files("clicktrail.server.edge") / "pages.toml").read_text("utf-8")
    return decode_toml(text, dict[str, Translation], name="pages.toml")


def negotiate_language(accept_language: str, available: Mapping[str, object]) -> str:
    """Select the available language that ``Accept-Language`` prefers (RFC 9110 section 12.5.4)."""
    ranges = [_parse_language_range(part) for part in accept_language[:_MAX_ACCEPT_LANGUAGE_CHARS].split(",")]
    acceptable = [
        (weight, -index, language)
        for index, (language, weight) in enumerate(ranges)
        if language in available and weight > 0
    ]
    return max(acceptable)[2] if acceptable else DEFAULT_LANGUAGE


def _parse_language_range(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";")
    try:
        return tag.strip().lower().partition("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return "", 0.0


def _render_document(language: str, title: str, body: str) -> bytes:
    return (
        "<!doctype html>\n"
        f'<html lang="{language}">\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n"
        f"<main>\n<h1>{html.escape(title)}</h1>\n{body}</main>\n"
        "</html>\n"
    ).encode()

"""The public pages, in the reader's language: small, without script, and readable by every program that reads aloud."""

import html
from collections.abc import Mapping
from dataclasses import dataclass

from clicktrail.server.edge.responses import Response, respond
from clicktrail.server.edge.words import PageWords, Words, language_of, words
from clicktrail.server.pipeline.domains import Domain
from clicktrail.server.pipeline.redirect import Redirect

__all__ = ["Pages", "Records"]

_STYLE = (
    ":root { color-scheme: light dark; background: Canvas; color: CanvasText } "
    "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem } "
    "h1 { font-size: 1.6rem; line-height: 1.2 } h2 { font-size: 1.1rem; margin-bottom: 0 } "
    "p { margin-top: .3rem; overflow-wrap: anywhere }"
)

_FIELDS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "Cache-Control: no-store\r\n"
    "Vary: Accept-Language\r\n"
    "Referrer-Policy: no-referrer\r\n"  # the page's own address is somebody's link
    "X-Robots-Tag: noindex\r\n"
)

_RETRY_S = 60
"""When to come again where a link cannot be looked up: whoever runs the registry has to do something first."""

_STATUS = {
    "damaged": "404 Not Found",
    "ended": "410 Gone",
    "unavailable": "503 Service Unavailable",
    "elsewhere": "421 Misdirected Request",
    "home": "200 OK",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the settings in force have recorded, as far as a reader is told.

    Attributes:
        address_hours: how long a whole address is kept.
        opted_out: whether anything is recorded of those whose browser asks not to be tracked.
    """

    address_hours: int = 72
    opted_out: bool = True


class Pages:
    """The pages of one tracking domain.

    Args:
        domain: whose.
        records: what is recorded.
        fields: header fields that its every answer has.
    """

    def __init__(self, domain: Domain, *, records: Records, fields: str = "") -> None:
        self._domain = domain
        self._records = records
        self._fields = _FIELDS + fields
        self._words = words()
        self._ready = {
            (name, tag): self._page(name, tag, known) for tag, known in self._words.items() for name in _STATUS
        }

    def damaged(self, headers: Mapping[str, str]) -> Response:
        """404: a link that was changed on its way, or anything that is no link at all."""
        return self._ready["damaged", self._language(headers)]

    def ended(self, headers: Mapping[str, str]) -> Response:
        """410: a link that its sender has turned off, or whose time is over."""
        return self._ready["ended", self._language(headers)]

    def unavailable(self, headers: Mapping[str, str]) -> Response:
        """503: nobody can tell just now where the link leads."""
        return self._ready["unavailable", self._language(headers)]

    def elsewhere(self, headers: Mapping[str, str]) -> Response:
        """421: a host that is not ours (RFC 9110 section 15.5.20)."""
        return self._ready["elsewhere", self._language(headers)]

    def home(self, headers: Mapping[str, str]) -> Response:
        """What the domain's own address shows."""
        return self._ready["home", self._language(headers)]

    def about(self, redirect: Redirect, *, host: str, headers: Mapping[str, str]) -> Response:
        """What there is to know of one link, for the reader who wants to know before following it.

        The recipient is not named: whoever has got the link from them would learn it.
        """
        tag = self._language(headers)
        told, records = self._words[tag].about, self._records
        kept = [
            told.named if redirect.event.recipient else told.unnamed_link,
            told.request,
            told.shortened.format(hours=records.address_hours),
            told.anonymous if records.opted_out else told.nothing,
        ]
        who = " ".join(filter(None, (self._domain.sender, self._domain.contact))) or told.unnamed.format(host=host)
        where = html.escape(redirect.location)
        body = (
            f"<p>{html.escape(told.text)}</p>\n"
            f"<h2>{html.escape(told.sender)}</h2>\n<p>{html.escape(who)}</p>\n"
            f'<h2>{html.escape(told.leads)}</h2>\n<p><a href="{where}" rel="noreferrer">{where}</a></p>\n'
            f"<p>{html.escape(told.untracked)}</p>\n"
            f"<h2>{html.escape(told.records)}</h2>\n"
            f"<ul>\n{''.join(f'<li>{html.escape(line)}</li>{chr(10)}' for line in kept)}</ul>\n"
        )
        return respond("200 OK", self._fields, _document(tag, told.title, body))

    def _language(self, headers: Mapping[str, str]) -> str:
        return language_of(headers.get("accept-language", ""), self._words)

    def _page(self, name: str, tag: str, known: Words) -> Response:
        says: PageWords = getattr(known, name)
        domain = self._domain
        text = [html.escape(says.text)]
        if name in {"damaged", "ended"}:
            asked = known.ask_contact.format(contact=domain.contact) if domain.contact else known.ask
            text.append(html.escape(asked))
        if name == "home":
            text += [html.escape(line) for line in (domain.sender, domain.contact) if line]
            text += [f'<a href="{html.escape(domain.home)}">{html.escape(domain.home)}</a>'] if domain.home else []
        fields = f"Retry-After: {_RETRY_S}\r\n" if name == "unavailable" else ""
        body = "".join(f"<p>{line}</p>\n" for line in text)
        return respond(_STATUS[name], self._fields + fields, _document(tag, says.title, body))


def _document(tag: str, title: str, body: str) -> bytes:
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

"""The public pages, in the reader's language: small, without script, and readable by every program that reads aloud."""

import html
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import msgspec

from clicktrail.server.edge.responses import Response, respond
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.tracking_domains import Domain

__all__ = ["FALLBACK", "AboutWords", "PageWords", "Pages", "Records", "Site", "Sites", "Words", "language_of", "words"]

# FOLDED words.py: The words of the public pages, by language, from ``pages.toml``.

FALLBACK = "en"


class PageWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that has one thing to say."""

    title: str
    text: str


class AboutWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page about one link; each field is a sentence or a heading of it, in its order."""

    title: str
    text: str
    sender: str
    unnamed: str
    leads: str
    untracked: str
    records: str
    named: str
    unnamed_link: str
    request: str
    shortened: str
    anonymous: str
    nothing: str


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    ask: str
    ask_contact: str
    damaged: PageWords
    ended: PageWords
    unavailable: PageWords
    elsewhere: PageWords
    home: PageWords
    about: AboutWords


def words() -> Mapping[str, Words]:
    """Every language by its tag."""
    text = (resources.files("clicktrail.server.edge") / "pages.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Words])


def language_of(accepted: str, known: Mapping[str, object]) -> str:
    """Which of the known languages a reader likes best, by their ``Accept-Language`` (RFC 9110 section 12.5.4)."""
    ranges = [_weighed(part) for part in accepted.split(",")]
    liked = [(weight, -place, tag) for place, (tag, weight) in enumerate(ranges) if tag in known and weight > 0]
    return max(liked)[2] if liked else FALLBACK


def _weighed(part: str) -> tuple[str, float]:
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


# FOLDED sites.py: What each tracking domain answers with, ready to be sent.

_DAY_S = 86_400
_JSON = "Content-Type: application/json\r\nCache-Control: public, max-age=3600\r\n"
_GPC = b'{"gpc":true,"lastUpdate":"2026-11-23"}\n'
"""What https://w3c.github.io/gpc/#gpc-support-resource asks a site to say that honours Global Privacy Control. The date
is that of the last change to how it does."""
_ROBOTS = b"User-agent: *\nDisallow: /\n"

_DEFAULT = Records()

Answer = Callable[[Mapping[str, str]], Response]
"""Of a request's headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One tracking domain.

    Attributes:
        records: what is recorded.
        pages: in its readers' languages.
        fixed: by path, what is answered at once.
        fields: header fields of its redirects.
        destinations: hosts that its links may lead to.
        confined: whether these are not all there are.
        landing_hosts: of pages that are handed the clicks on its links; none where it has neither script nor beacon.
    """

    records: Records
    pages: Pages
    fixed: Mapping[str, Answer]
    fields: bytes
    destinations: tuple[str, ...]
    confined: bool
    landing_hosts: tuple[str, ...]

    @classmethod
    def of(cls, domain: Domain, records: Records, landing_hosts: tuple[str, ...] = ()) -> "Site":
        """Make all of its answers."""
        fields = f"Strict-Transport-Security: max-age={domain.hsts_days * _DAY_S}\r\n" if domain.hsts_days else ""
        if domain.opted_out:
            records = replace(records, opted_out=domain.opted_out != "none")
        pages = Pages(domain, records=records, fields=fields)
        files = {
            "/robots.txt": respond("200 OK", "Content-Type: text/plain\r\n" + fields, _ROBOTS),
            "/.well-known/gpc.json": respond("200 OK", _JSON + fields, _GPC),
        }
        for name in ("apple_app_site_association", "assetlinks"):
            if text := getattr(domain, name):
                files[_WELL_KNOWN[name]] = respond("200 OK", _JSON + fields, text.encode())
        return cls(
            records=records,
            pages=pages,
            fixed={"/": pages.home} | {path: _always(file) for path, file in files.items()},
            fields=fields.encode(),
            destinations=domain.destinations,
            confined="*" not in domain.destinations,
            landing_hosts=landing_hosts if domain.engagement_hosts is None else domain.engagement_hosts,
        )


_WELL_KNOWN = {
    "apple_app_site_association": "/.well-known/apple-app-site-association",
    "assetlinks": "/.well-known/assetlinks.json",
}
"""Where iOS and Android look: "Supporting associated domains" (Apple), "Verify Android App Links" (Google)."""


class Sites:
    """The tracking domains by the names that requests call them by.

    Args:
        domains: all of them; none to serve every name alike.
        records: what is recorded where a domain does not say.
        landing_hosts: of pages that are handed clicks where a domain does not say.
    """

    def __init__(
        self, domains: Sequence[Domain] = (), *, records: Records = _DEFAULT, landing_hosts: tuple[str, ...] = ()
    ) -> None:
        everything = Site.of(Domain(), records, landing_hosts)
        self.elsewhere = everything.pages.elsewhere
        self._by_host = {domain.host: Site.of(domain, records, landing_hosts) for domain in domains}
        self._any = None if domains else everything

    def find(self, host: str) -> Site | None:
        """The site that a ``Host`` names; None if it is none of ours."""
        return self._any or self._by_host.get(host) or self._by_host.get(_without_port(host))


def _without_port(host: str) -> str:
    """The name, as domains are listed: the port is the proxy's, and a name has no case and may end in a dot."""
    return host.rpartition(":")[0 if host.rpartition(":")[2].isdigit() else 2].lower().removesuffix(".")


def _always(response: Response) -> Answer:
    return lambda _headers: response

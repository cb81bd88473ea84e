"""What each tracking domain answers with, ready to be sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from clicktrail.server.edge.pages import Pages, Records
from clicktrail.server.edge.responses import Response, respond
from clicktrail.server.pipeline.domains import Domain

__all__ = ["Site", "Sites"]

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

"""The ways of rewriting an HTML body that are compared. Each replaces the links of ``a`` tags by tracking URLs.

Ours and the parsers get the same tracking URLs, sealed by clicktrail. pytracking makes its own, which are not
encrypted and cost it less.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import lolhtml
import lxml.html
import pytracking.html
from bs4 import BeautifulSoup

from clicktrail import KeyRing, Sealed, Sending, Tracker
from clicktrail.tokens import SECRET_BYTES, Key, seal

__all__ = ["DOMAIN", "REWRITERS", "RING", "SENDING", "TRACKER", "one_off"]

RING: Final = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
DOMAIN: Final = "https://links.shop.example"
TRACKER: Final = Tracker(ring=RING, domain=DOMAIN)
SENDING: Final = Sending(
    message_id="0123456789abc1", sent_at=datetime(2026, 11, 23, tzinfo=UTC), recipient="p-4711", campaign="winter"
)
_PYTRACKING: Final = {"base_click_tracking_url": f"{DOMAIN}/click/"}


def _tracking_url(destination: str, position: int) -> str:
    sealed = Sealed(
        destination=destination,
        message_id=SENDING.message_id,
        recipient=SENDING.recipient,
        campaign=SENDING.campaign,
        position=position,
        links=0,
        sent_at=SENDING.sent_at,
    )
    return f"{DOMAIN}/{seal(RING, sealed)}"


def one_off(html: str) -> str:
    """Ours."""
    return TRACKER.rewrite_html(html, SENDING).text


def by_pytracking(html: str) -> str:
    """The library's own call."""
    metadata = {"message": SENDING.message_id, "recipient": SENDING.recipient, "campaign": SENDING.campaign}
    return str(pytracking.html.adapt_html(html, metadata, open_tracking=False, **_PYTRACKING))


def by_beautiful_soup(html: str) -> str:
    """Beautiful Soup on lxml, its fastest parser."""
    soup = BeautifulSoup(html, "lxml")
    for position, anchor in enumerate(soup.find_all("a", href=True)):
        anchor["href"] = _tracking_url(str(anchor["href"]), position)
    return str(soup)


def by_lxml(html: str) -> str:
    """The parser alone."""
    tree = lxml.html.document_fromstring(html)
    for position, anchor in enumerate(tree.iter("a")):
        if destination := anchor.get("href"):
            anchor.set("href", _tracking_url(destination, position))
    return str(lxml.html.tostring(tree, encoding="unicode"))


class _Anchors:
    def __init__(self) -> None:
        self._count = 0

    def element(self, anchor: lolhtml.Element) -> None:
        """Replace one link."""
        anchor.set_attribute("href", _tracking_url(str(anchor.get_attribute("href")), self._count))
        self._count += 1


def by_lolhtml(html: str) -> str:
    """Cloudflare's streaming rewriter, written in Rust."""
    output = bytearray()
    rewriter = lolhtml.HTMLRewriter(output.extend)
    rewriter.on("a[href]", _Anchors())
    rewriter.write(html.encode())
    rewriter.end()
    return output.decode()


REWRITERS: Final[Mapping[str, Callable[[str], str]]] = {
    "one-off": one_off,
    "pytracking": by_pytracking,
    "BeautifulSoup": by_beautiful_soup,
    "lxml": by_lxml,
    "python-lolhtml": by_lolhtml,
}

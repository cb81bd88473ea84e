"""The compared rewriters: each replaces the links of ``a`` tags in an HTML body by tracking URLs.

clicktrail and the parsers use tracking URLs sealed by clicktrail. pytracking makes its own, which are not encrypted and
therefore cheaper.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import lolhtml
import lxml.html
import pytracking.html
from bs4 import BeautifulSoup

from clicktrail import KeyRing, MessageMetadata, SealedLink, Tracker
from clicktrail.tokens import SECRET_BYTES, Key, seal_token

RING: Final = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
DOMAIN: Final = "https://links.shop.example"
TRACKER: Final = Tracker(ring=RING, domain=DOMAIN)
METADATA: Final = MessageMetadata(
    message_id="0123456789abc1", sent_at=datetime(2026, 11, 23, tzinfo=UTC), recipient="p-4711", campaign="winter"
)
_PYTRACKING_OPTIONS: Final = {"base_click_tracking_url": f"{DOMAIN}/click/"}


def _make_tracking_url(destination: str, position: int) -> str:
    sealed = SealedLink(
        destination=destination,
        message_id=METADATA.message_id,
        recipient=METADATA.recipient,
        campaign=METADATA.campaign,
        position=position,
        link_count=0,
        sent_at=METADATA.sent_at,
    )
    return f"{DOMAIN}/{seal_token(RING, sealed)}"


def rewrite_with_clicktrail(html: str) -> str:
    return TRACKER.rewrite_html(html, METADATA).text


def rewrite_with_pytracking(html: str) -> str:
    metadata = {"message": METADATA.message_id, "recipient": METADATA.recipient, "campaign": METADATA.campaign}
    return str(pytracking.html.adapt_html(html, metadata, open_tracking=False, **_PYTRACKING_OPTIONS))


def rewrite_with_beautiful_soup(html: str) -> str:
    """Beautiful Soup on lxml, its fastest parser."""
    soup = BeautifulSoup(html, "lxml")
    for position, anchor in enumerate(soup.find_all("a", href=True)):
        anchor["href"] = _make_tracking_url(str(anchor["href"]), position)
    return str(soup)


def rewrite_with_lxml(html: str) -> str:
    tree = lxml.html.document_fromstring(html)
    for position, anchor in enumerate(tree.iter("a")):
        if destination := anchor.get("href"):
            anchor.set("href", _make_tracking_url(destination, position))
    return str(lxml.html.tostring(tree, encoding="unicode"))


class _AnchorRewriter:
    def __init__(self) -> None:
        self._count = 0

    def element(self, anchor: lolhtml.Element) -> None:
        anchor.set_attribute("href", _make_tracking_url(str(anchor.get_attribute("href")), self._count))
        self._count += 1


def rewrite_with_lolhtml(html: str) -> str:
    """Cloudflare's streaming rewriter, written in Rust."""
    output = bytearray()
    rewriter = lolhtml.HTMLRewriter(output.extend)
    rewriter.on("a[href]", _AnchorRewriter())
    rewriter.write(html.encode())
    rewriter.end()
    return output.decode()


REWRITERS: Final[Mapping[str, Callable[[str], str]]] = {
    "one-off": rewrite_with_clicktrail,
    "pytracking": rewrite_with_pytracking,
    "BeautifulSoup": rewrite_with_beautiful_soup,
    "lxml": rewrite_with_lxml,
    "python-lolhtml": rewrite_with_lolhtml,
}

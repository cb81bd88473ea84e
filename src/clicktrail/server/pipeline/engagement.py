"""Hand landing pages of one's own hosts the click that led there, and take what they tell of its visitor.

The click goes into the fragment of the destination, which browsers send to no server: it is in no log and no
``Referer``, and changes nothing about what a server or a cache answers.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from clicktrail.errors import TokenError
from clicktrail.model.event import Engagement
from clicktrail.model.hosts import is_among
from clicktrail.rewrite.link_purpose import is_sensitive
from clicktrail.rewrite.url import read_address
from clicktrail.server.pipeline.privacy import asks_for_privacy
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import KeyRing, Visit, VisitSeal

__all__ = ["Engagements", "Told"]

LONGEST_VISIT = timedelta(days=1)
"""From the click on. Where a page is opened from a bookmark that still has the click, that is another visit."""

_FRAGMENT = "#clicktrail="
_REMEMBERED = 65_536
"""What pages told last. Each thing is taken once a click, so that nobody fills the journal with a single click."""
_REMEMBERED_DESTINATIONS = 4_096


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A page's message, as ``e.js`` sends it.

    Attributes:
        visit: what the page was handed.
        kind: as of the event.
        dwell_ms: as of the event, a day at most.
        scroll_pct: as of the event.
    """

    visit: str
    kind: Literal["loaded", "engaged"]
    dwell_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    scroll_pct: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


_decoder = msgspec.json.Decoder(Told)


class Engagements:
    """Marks redirects, and reads what comes of it.

    Args:
        ring: the keys that seal visits.
        remembered: how many messages of pages to remember.
    """

    def __init__(self, ring: KeyRing, *, remembered: int = _REMEMBERED) -> None:
        self._seal = VisitSeal(ring)
        self._size = remembered
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    def location(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Where to send the reader: the redirect's location, with the click in its fragment if the page is to know.

        Args:
            redirect: of a click that is recorded as it is.
            hosts: where landing pages are: exact, or ``*.example.com`` for all below.
        """
        click, location = redirect.event, redirect.location
        if not click.message_id or asks_for_privacy(click.headers) or not _takes_part(location, hosts):
            return location
        visit = Visit(
            click_id=click.id,
            message_id=click.message_id,
            recipient=click.recipient,
            campaign=click.campaign,
            clicked_at=click.at,
        )
        return f"{location}{_FRAGMENT}{self._seal.seal(visit)}"

    def read(self, request: Request, *, now: datetime) -> Engagement | None:
        """What a page tells; None where it is not to be recorded.

        Args:
            request: the page's.
            now: aware, UTC.
        """
        if asks_for_privacy(request.headers):
            return None
        try:
            told = _decoder.decode(request.body)
            visit = self._seal.open(told.visit)
        except (msgspec.DecodeError, UnicodeDecodeError, TokenError):
            return None
        if now - visit.clicked_at > LONGEST_VISIT or not self._is_news(visit.click_id, told.kind):
            return None
        return Engagement(
            id=f"{visit.click_id}-{told.kind}",  # told again, even by way of another worker, it is the same event
            at=now,
            campaign=visit.campaign,
            message_id=visit.message_id,
            recipient=visit.recipient,
            click_id=visit.click_id,
            kind=told.kind,
            dwell_ms=told.dwell_ms,
            scroll_pct=told.scroll_pct,
        )

    def _is_news(self, click_id: str, kind: str) -> bool:
        if (click_id, kind) in self._told:
            return False
        self._told[click_id, kind] = None
        if len(self._told) > self._size:
            self._told.popitem(last=False)
        return True


@lru_cache(_REMEMBERED_DESTINATIONS)
def _takes_part(location: str, hosts: tuple[str, ...]) -> bool:
    """Whether a page may be told of the click.

    Not where the URL has a fragment of its own, which the page needs; nor where it is signed or lets its bearer in.
    """
    if "#" in location:
        return False
    try:
        address = read_address(location)
    except ValueError:
        return False
    return is_among(address.hostname, hosts) and not is_sensitive(address, "")

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
from clicktrail.model.hosts import is_host_listed
from clicktrail.rewrite.link_purpose import is_sensitive
from clicktrail.rewrite.url import parse_url
from clicktrail.server.pipeline.privacy import has_opted_out
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import KeyRing, LandingClick, LandingTokenSealer

__all__ = ["BeaconMessage", "EngagementTracker"]

MAX_CLICK_AGE = timedelta(days=1)
"""From the click on. Where a page is opened from a bookmark that still has the click, that is another visit."""

_FRAGMENT_PREFIX = "#clicktrail="
_SEEN_CACHE_SIZE = 65_536
"""What pages told last. Each thing is taken once a click, so that nobody fills the journal with a single click."""
_DESTINATION_CACHE_SIZE = 4_096


class BeaconMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A page's message, as ``e.js`` sends it.

    Attributes:
        landing_token: what the page was handed.
        kind: as of the event.
        dwell_ms: as of the event, a day at most.
        scroll_pct: as of the event.
    """

    landing_token: str
    kind: Literal["loaded", "engaged"]
    dwell_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    scroll_pct: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


_beacon_decoder = msgspec.json.Decoder(BeaconMessage)


class EngagementTracker:
    """Marks redirects, and reads what comes of it.

    Args:
        ring: the keys that seal visits.
        cache_size: how many messages of pages to remember.
    """

    def __init__(self, ring: KeyRing, *, cache_size: int = _SEEN_CACHE_SIZE) -> None:
        self._seal = LandingTokenSealer(ring)
        self._size = cache_size
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add_click_fragment(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Where to send the reader: the redirect's location, with the click in its fragment if the page is to know.

        Args:
            redirect: of a click that is recorded as it is.
            hosts: where landing pages are: exact, or ``*.example.com`` for all below.
        """
        click, location = redirect.event, redirect.location
        if not click.message_id or has_opted_out(click.headers) or not _is_engagement_page(location, hosts):
            return location
        visit = LandingClick(
            click_id=click.id,
            message_id=click.message_id,
            recipient=click.recipient,
            campaign=click.campaign,
            clicked_at=click.at,
        )
        return f"{location}{_FRAGMENT_PREFIX}{self._seal.seal(visit)}"

    def parse_beacon(self, request: Request, *, now: datetime) -> Engagement | None:
        """What a page tells; None where it is not to be recorded.

        Args:
            request: the page's.
            now: aware, UTC.
        """
        if has_opted_out(request.headers):
            return None
        try:
            told = _beacon_decoder.decode(request.body)
            visit = self._seal.open(told.landing_token)
        except (msgspec.DecodeError, UnicodeDecodeError, TokenError):
            return None
        if now - visit.clicked_at > MAX_CLICK_AGE or not self._add_if_new(visit.click_id, told.kind):
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

    def _add_if_new(self, click_id: str, kind: str) -> bool:
        if (click_id, kind) in self._seen:
            return False
        self._seen[click_id, kind] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True


@lru_cache(_DESTINATION_CACHE_SIZE)
def _is_engagement_page(location: str, hosts: tuple[str, ...]) -> bool:
    """Whether a page may be told of the click.

    Not where the URL has a fragment of its own, which the page needs; nor where it is signed or lets its bearer in.
    """
    if "#" in location:
        return False
    try:
        address = parse_url(location)
    except ValueError:
        return False
    return is_host_listed(address.hostname, hosts) and not is_sensitive(address, "")

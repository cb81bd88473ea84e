"""Pass the click to landing pages on the sender's own hosts, and read the engagement that they report.

The click is appended to the destination as a URL fragment. Browsers do not send fragments to servers, so the click is
in no server log and no ``Referer``, and does not affect caching.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from clicktrail.errors import TokenError
from clicktrail.model.event import Engagement
from clicktrail.model.hosts import is_host_listed
from clicktrail.rewrite.url import parse_url
from clicktrail.secret_urls import find_secret
from clicktrail.server.pipeline.privacy import has_opted_out
from clicktrail.server.pipeline.redirect import Redirect
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import KeyRing, LandingClick, LandingTokenSealer

MAX_CLICK_AGE = timedelta(days=1)
"""Beacons of older clicks are ignored: the page was opened again, for example from a bookmark with the fragment."""

_FRAGMENT_PREFIX = "#clicktrail="
_SEEN_CACHE_SIZE = 65_536
"""Recent (click, kind) pairs. Each is recorded once, so that one click cannot fill the journal."""
_DESTINATION_CACHE_SIZE = 4_096


class BeaconMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a beacon, as ``e.js`` sends it.

    Attributes:
        landing_token: sealed click from the page's URL fragment.
        dwell_ms: as in the event, up to one day.
    """

    landing_token: str
    kind: Literal["loaded", "engaged"]
    dwell_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    scroll_pct: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


_beacon_decoder = msgspec.json.Decoder(BeaconMessage)


class EngagementTracker:
    """Adds clicks to redirects, and parses the beacons of landing pages.

    Args:
        cache_size: number of recent beacons to remember, to ignore repeated ones.
    """

    def __init__(self, ring: KeyRing, *, cache_size: int = _SEEN_CACHE_SIZE) -> None:
        self._sealer = LandingTokenSealer(ring)
        self._cache_size = cache_size
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add_click_fragment(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Return the location of a redirect, with the click as its fragment if the landing page reports engagement.

        Args:
            redirect: its click is recorded unchanged, not anonymized.
            hosts: hosts of landing pages: exact, or ``*.example.com`` for all subdomains.
        """
        click, location = redirect.event, redirect.location
        if not click.message_id or has_opted_out(click.headers) or not _reports_engagement(location, hosts):
            return location
        landing_click = LandingClick(
            click_id=click.id,
            message_id=click.message_id,
            recipient=click.recipient,
            campaign=click.campaign,
            clicked_at=click.at,
        )
        return f"{location}{_FRAGMENT_PREFIX}{self._sealer.seal(landing_click)}"

    def parse_beacon(self, request: Request, *, now: datetime) -> Engagement | None:
        """Return the engagement that a beacon reports; None if it is not to be recorded."""
        if has_opted_out(request.headers):
            return None
        try:
            message = _beacon_decoder.decode(request.body)
            click = self._sealer.open(message.landing_token)
        except (msgspec.DecodeError, UnicodeDecodeError, TokenError):
            return None
        if now - click.clicked_at > MAX_CLICK_AGE or not self._add_if_new(click.click_id, message.kind):
            return None
        return Engagement(
            id=f"{click.click_id}-{message.kind}",  # the same event if another worker receives the beacon again
            at=now,
            campaign=click.campaign,
            message_id=click.message_id,
            recipient=click.recipient,
            click_id=click.click_id,
            kind=message.kind,
            dwell_ms=message.dwell_ms,
            scroll_pct=message.scroll_pct,
        )

    def _add_if_new(self, click_id: str, kind: str) -> bool:
        if (click_id, kind) in self._seen:
            return False
        self._seen[click_id, kind] = None
        if len(self._seen) > self._cache_size:
            self._seen.popitem(last=False)
        return True


@lru_cache(_DESTINATION_CACHE_SIZE)
def _reports_engagement(location: str, hosts: tuple[str, ...]) -> bool:
    # A page needs its own fragment, and URLs that are signed or that log their bearer in are never changed.
    if "#" in location:
        return False
    try:
        url = parse_url(location)
    except ValueError:
        return False
    return is_host_listed(url.hostname, hosts) and not find_secret(location)

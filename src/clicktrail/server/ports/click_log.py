"""Look up single clicks and the history of their verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clicktrail.model.verdict import JudgedClick, Verdict

ClickCursor = tuple[datetime, str]
"""Position in a campaign's click list: time of the click, aware, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickSearch:
    """Conditions of a search for clicks.

    Attributes:
        signal: clicks with this signal among their reasons; empty for any.
        counted: True for clicks that reports count, False for the others.
        before: only clicks after this position in the list, which is sorted latest first; None for the first page.
    """

    campaign: str
    verdicts: tuple[Verdict, ...] = tuple(Verdict)
    signal: str = ""
    counted: bool = True
    before: ClickCursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickPage:
    """One page of a search.

    Attributes:
        clicks: the latest first, without IP address and headers. An anonymous click has no message, method and
            reasons, and its time is cut to the hour.
        next_cursor: position where the next page begins; None if this is the last page.
    """

    clicks: tuple[JudgedClick, ...]
    next_cursor: ClickCursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientClick:
    """A click in the answer to a recipient's request for their data.

    Attributes:
        campaign: campaign of the message; empty if none.
        at: time of the click, aware.
        link: position of the link in the message, from 0.
    """

    campaign: str
    message_id: str
    at: datetime
    link: int
    url: str
    verdict: Verdict
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A change of the verdict on a click.

    Attributes:
        at: time of the change, aware.
        signals: names of the signals that gave points, highest points first.
        rules: versions of rules, network data and agent list.
    """

    at: datetime
    click_id: str
    message_id: str
    before: Verdict
    after: Verdict
    score: int
    signals: tuple[str, ...]
    rules: str


class ClickLog(Protocol):
    """Single clicks, and the history of their verdicts."""

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        """Return the next page of a search.

        A page can have fewer clicks than ``limit``, even none, and still not be the last: clicks that were judged
        again while the page was read are skipped.
        """

    async def recipient_clicks(self, recipient: str) -> Sequence[RecipientClick]:
        """Return the clicks of a recipient in chronological order. Addresses are case-insensitive."""

    async def history(self, campaign: str, *, click_ids: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        """Return changes of verdicts on a campaign's clicks, the latest first. The first verdict is not a change.

        Args:
            campaign: name of the campaign.
            click_ids: only changes of these clicks; empty for all clicks.
            limit: maximum number of changes.
        """

"""Single clicks to look at: which ones, a page of them, and one recipient's."""

from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.verdict import JudgedClick, Verdict

__all__ = ["ClickPage", "ClickSearch", "Place", "RecipientClick"]

Place = tuple[datetime, str]
"""Where a click stands among a campaign's: when it was, aware, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickSearch:
    """Which clicks one looks for.

    Attributes:
        campaign: of its messages.
        verdicts: with one of these.
        signal: with this one among the reasons; whatever they are where it is empty.
        counted: those that reports count, or those that they do not.
        before: only those that come behind this place when the latest come first; None for all.
    """

    campaign: str
    verdicts: tuple[Verdict, ...] = tuple(Verdict)
    signal: str = ""
    counted: bool = True
    before: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickPage:
    """Some of the clicks that were looked for.

    Attributes:
        clicks: the latest first, each as far as it is kept beside its verdict: without its address and headers. An
            anonymous one has no message, no method and no reasons, and its time is cut to the hour.
        end: the place behind which the search goes on; None where there are no more.
    """

    clicks: tuple[JudgedClick, ...]
    end: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientClick:
    """A click of one recipient, as one would tell it to them.

    Attributes:
        campaign: of its message; empty if none.
        message_id: of its message.
        at: when it was.
        link: position of the link in the message.
        url: the destination.
        verdict: what made it.
        counted: whether reports count it.
    """

    campaign: str
    message_id: str
    at: datetime
    link: int
    url: str
    verdict: Verdict
    counted: bool

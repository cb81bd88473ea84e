"""Requests that actors plan for a message, with the kind of clicker behind each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from bench.population.draws import PerturbedRandom


class ClickerKind(StrEnum):
    """Ground truth of a request."""

    HUMAN = "human"
    BOT = "bot"
    PREVIEW = "preview"


class PageActivity(StrEnum):
    """What clicktrail's script on the landing page observes."""

    UNSEEN = "unseen"
    LOADED = "loaded"
    ENGAGED = "engaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """A message as the actors see it.

    Attributes:
        campaign: name of the campaign.
        company: name of the recipient's company; empty for private mailboxes.
        link_count: number of visible links; the last of several is the unsubscribe link.
        has_trap: whether a hidden link follows them.
    """

    campaign: str
    company: str
    link_count: int
    has_trap: bool

    @property
    def content_links(self) -> range:
        """Positions of the visible links, without the unsubscribe link."""
        return range(max(1, self.link_count - 1))

    @property
    def visible_links(self) -> range:
        """Positions of all visible links."""
        return range(self.link_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One HTTP request for a link.

    Attributes:
        delay_s: seconds after delivery of the message.
        link: position of the link; the hidden link comes after the visible ones.
        ip: client address.
        headers: all headers, with lower-case names.
        kind: kind of clicker.
        method: ``GET`` or ``HEAD``.
        page_activity: activity on the landing page.
        is_tampered: whether the token was changed.
    """

    delay_s: float
    link: int
    ip: str
    headers: Mapping[str, str]
    kind: ClickerKind
    method: str = "GET"
    page_activity: PageActivity = PageActivity.UNSEEN
    is_tampered: bool = False

    def repeat_after(self, seconds: float) -> Self:
        """Return the same request, sent later."""
        return replace(self, delay_s=self.delay_s + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A kind of person or program that follows links.

    Attributes:
        name: label in the ground truth.
        plan: plans the requests for one message.
        share: relative frequency among the actors of its tuple.
    """

    name: str
    plan: Callable[[MessageContent, PerturbedRandom], Iterator[PlannedRequest]]
    share: float = 1.0

"""What one actor asks for, when, and whether a person meant it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from bench.population.draws import PerturbedRandom

__all__ = ["Actor", "ClickerKind", "MessageContent", "PageActivity", "PlannedRequest"]


class ClickerKind(StrEnum):
    """What is behind a request, in truth."""

    HUMAN = "human"
    BOT = "bot"
    PREVIEW = "preview"


class PageActivity(StrEnum):
    """What the landing page sees of the visitor, where it has our script."""

    UNSEEN = "unseen"
    LOADED = "loaded"
    ENGAGED = "engaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """One message, as whoever follows its links sees it.

    Attributes:
        campaign: what it belongs to.
        company: the domain of its recipient.
        link_count: how many there are; the last of several is the way out of the list.
        has_trap: whether a hidden link follows them.
    """

    campaign: str
    company: str
    link_count: int
    has_trap: bool

    @property
    def content_links(self) -> range:
        """Positions of the links that a reader may follow."""
        return range(max(1, self.link_count - 1))

    @property
    def visible_links(self) -> range:
        """Positions of all links that are seen."""
        return range(self.link_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """One HTTP request for a link.

    Attributes:
        delay_s: seconds after the message was delivered.
        link: position of the link; that of a hidden one is the number of the others.
        ip: the client's address.
        headers: all that its program sends, lower-case names.
        kind: what is behind it.
        method: ``GET`` or ``HEAD``.
        page_activity: what the landing page sees.
        is_tampered: the token was changed on the way.
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
        """The same request again."""
        return replace(self, delay_s=self.delay_s + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone or something that follows links.

    Attributes:
        name: what it is called beside the truth.
        plan: what it does with one message.
        share: how common it is among its like.
    """

    name: str
    plan: Callable[[MessageContent, PerturbedRandom], Iterator[PlannedRequest]]
    share: float = 1.0

"""What one actor asks for, when, and whether a person meant it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from bench.population.draws import Luck

__all__ = ["Actor", "Kind", "Letter", "Page", "Request"]


class Kind(StrEnum):
    """What is behind a request, in truth."""

    HUMAN = "human"
    BOT = "bot"
    PREVIEW = "preview"


class Page(StrEnum):
    """What the landing page sees of the visitor, where it has our script."""

    UNSEEN = "unseen"
    LOADED = "loaded"
    ENGAGED = "engaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message, as whoever follows its links sees it.

    Attributes:
        campaign: what it belongs to.
        company: the domain of its recipient.
        links: how many there are; the last of several is the way out of the list.
        trap: whether a hidden link follows them.
    """

    campaign: str
    company: str
    links: int
    trap: bool

    @property
    def inviting(self) -> range:
        """Positions of the links that a reader may follow."""
        return range(max(1, self.links - 1))

    @property
    def every(self) -> range:
        """Positions of all links that are seen."""
        return range(self.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request for a link.

    Attributes:
        at: seconds after the message was delivered.
        link: position of the link; that of a hidden one is the number of the others.
        ip: the client's address.
        headers: all that its program sends, lower-case names.
        kind: what is behind it.
        method: ``GET`` or ``HEAD``.
        page: what the landing page sees.
        damaged: the token was changed on the way.
    """

    at: float
    link: int
    ip: str
    headers: Mapping[str, str]
    kind: Kind
    method: str = "GET"
    page: Page = Page.UNSEEN
    damaged: bool = False

    def later(self, seconds: float) -> Self:
        """The same request again."""
        return replace(self, at=self.at + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone or something that follows links.

    Attributes:
        name: what it is called beside the truth.
        plan: what it does with one message.
        share: how common it is among its like.
    """

    name: str
    plan: Callable[[Letter, Luck], Iterator[Request]]
    share: float = 1.0

"""What one actor asks for, and when."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from clicktrail.demo.population.chance import Chance
from clicktrail.demo.population.letter import Letter

__all__ = ["Actor", "Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request for a link.

    Attributes:
        at: seconds after the message was delivered.
        url: what is asked for.
        ip: the client's address.
        headers: all that its program sends, lower-case names, without ``host``.
        method: ``GET`` or ``HEAD``.
        human: a person meant it.
        visits: whether the destination's page is loaded as well.
    """

    at: float
    url: str
    ip: str
    headers: Mapping[str, str]
    method: str = "GET"
    human: bool = False
    visits: bool = False

    def later(self, seconds: float) -> Self:
        """The same request again."""
        return replace(self, at=self.at + seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Someone or something that follows links.

    Attributes:
        name: what it is called beside the truth.
        plan: what it does with one letter.
    """

    name: str
    plan: Callable[[Letter, Chance], Iterator[Request]]

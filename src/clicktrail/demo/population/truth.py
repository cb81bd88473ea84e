"""What really happened, known to nobody but who made it happen."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from clicktrail.demo.population.request import Request

__all__ = ["Answer", "Truth"]

_ANSWERED = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A request that was made.

    Attributes:
        recipient: whose message the link came from.
        actor: who asked.
        request: what was asked.
        status: the HTTP status of the first answer; 0 if there was none.
    """

    recipient: str
    actor: str
    request: Request
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Who really clicked.

    Attributes:
        clickers: recipients for whom a person followed a link and arrived.
        requests: how many requests each kind of actor made.
    """

    clickers: frozenset[str]
    requests: Mapping[str, int]

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> Self:
        """Take it from what was made and answered."""
        known = list(answers)
        return cls(
            clickers=frozenset(
                answer.recipient for answer in known if answer.request.human and answer.status in _ANSWERED
            ),
            requests=Counter(answer.actor for answer in known),
        )

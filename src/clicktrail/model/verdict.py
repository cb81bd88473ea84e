"""Human, suspected, bot or preview: the verdict on a click, and its reasons."""

from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.event import Click

__all__ = ["JudgedClick", "Reason", "Verdict", "is_counted", "is_prefetch"]


_PREFETCH_HEADERS = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})


class Verdict(StrEnum):
    """What made a request."""

    HUMAN = "human"
    SUSPECTED = "suspected"
    BOT = "bot"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One signal that spoke.

    Attributes:
        signal: its name, as in ``judge/data/rules.toml``.
        points: what it added; 0 for a hard rule, which decides alone.
        detail: in words, for the operator: "7 links in 0.6 s".
    """

    signal: str
    points: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClick:
    """A click with its verdict.

    Attributes:
        click: the request as it was recorded.
        verdict: what made it.
        score: the sum of the points; meaningless where a hard rule decided.
        reasons: every signal that spoke, the heaviest first.
        counted: whether reports count it at all: HEAD, OPTIONS, prefetches and damaged tokens never are.
        rules: versions of the rules, networks and agents that judged: ``2026-11-23/2026-11-23/2026-11-23``.
    """

    click: Click
    verdict: Verdict
    score: int
    reasons: tuple[Reason, ...]
    counted: bool
    rules: str


def is_prefetch(click: Click) -> bool:
    """Whether a browser announced that nobody has asked for the page yet.

    Chrome and Safari announce a prefetch by ``Sec-Purpose`` or ``Purpose``, Firefox by ``X-Moz``, Safari's previews
    by ``X-Purpose`` (WHATWG Fetch, section "Sec-Purpose header").
    """
    if _PREFETCH_HEADERS.isdisjoint(click.headers):
        return False
    announced = (click.headers.get(name, "") for name in _PREFETCH_HEADERS)
    return any("prefetch" in value or "preview" in value for value in announced)


def is_counted(click: Click, *, has_engagement: bool = False) -> bool:
    """Whether a request is a click in the sense of reports: a GET that led somewhere and is no prefetch.

    Args:
        click: the request.
        has_engagement: whether somebody used the page, which makes a click of a prefetch.
    """
    return click.method == "GET" and not click.tampered and (has_engagement or not is_prefetch(click))

"""Verdicts on clicks, and their reasons."""

from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.event import Click

_PREFETCH_HEADERS = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})


class Verdict(StrEnum):
    """Who or what made a request."""

    HUMAN = "human"
    SUSPECTED = "suspected"
    BOT = "bot"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One signal that fired.

    Attributes:
        signal: name of the signal in ``judge/data/rules.toml``.
        points: points that the signal added; 0 for a hard rule, which decides alone.
        detail: explanation for the operator, such as "7 links in 0.6 s".
    """

    signal: str
    points: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClick:
    """A click with its verdict.

    Attributes:
        score: sum of the points; meaningless if a hard rule decided.
        reasons: signals that fired, the most points first.
        counted: whether reports count the click. HEAD, OPTIONS, prefetches and tampered tokens are not counted.
        rules: versions of rules, network data and agent list, such as ``2026-11-23/2026-11-23/2026-11-23``.
    """

    click: Click
    verdict: Verdict
    score: int
    reasons: tuple[Reason, ...]
    counted: bool
    rules: str


def is_prefetch(click: Click) -> bool:
    """Whether the request is a prefetch or a preview, by its headers.

    Chrome and Safari mark a prefetch with ``Sec-Purpose`` or ``Purpose``, Firefox with ``X-Moz``, Safari's
    previews with ``X-Purpose`` (WHATWG Fetch, section "Sec-Purpose header").
    """
    if _PREFETCH_HEADERS.isdisjoint(click.headers):
        return False
    values = (click.headers.get(name, "") for name in _PREFETCH_HEADERS)
    return any("prefetch" in value or "preview" in value for value in values)


def is_counted(click: Click, *, has_engagement: bool = False) -> bool:
    """Whether reports count a request: a GET with a valid token that is not a prefetch.

    If the landing page reported engagement, a prefetch counts too.
    """
    return click.method == "GET" and not click.tampered and (has_engagement or not is_prefetch(click))

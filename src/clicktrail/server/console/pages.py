"""Reports as pages. All is on the page as it is served; a script only asks for it again when it has changed."""

from dataclasses import replace
from typing import Final

from litestar import Request, get
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery
from litestar.response import Template

from clicktrail.errors import StorageError
from clicktrail.judge.rules import Rules
from clicktrail.model.verdict import Verdict
from clicktrail.server.console.dependencies import GivenAnalytics, GivenClock, GivenRules, GivenSearch
from clicktrail.server.pipeline.queries import shown_clicks

__all__ = ["campaign", "campaigns", "clicks", "refuse", "unavailable"]

_Request = Request[None, None, State]

_PAGE: Final = 25
"""Clicks on a page: some screens full."""
_UNLIKE_PEOPLE: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.HUMAN)
_CHOICES: Final[tuple[tuple[str, tuple[Verdict, ...], bool], ...]] = (
    ("All", tuple(Verdict), True),
    ("Human", (Verdict.HUMAN,), True),
    ("Not human", _UNLIKE_PEOPLE, True),
    *((verdict.capitalize(), (verdict,), True) for verdict in _UNLIKE_PEOPLE),
    ("Not counted", tuple(Verdict), False),
)
"""Which clicks one may want to see: what that is called, their verdicts, and whether reports count them."""


@get("/")
async def campaigns(analytics: GivenAnalytics) -> Template:
    """Every campaign, the latest sent first."""
    return Template("campaigns.html", context={"recent": await analytics.recent_campaigns()})


@get("/campaign")
async def campaign(analytics: GivenAnalytics, rules: GivenRules, name: FromQuery[str]) -> Template:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    recent = await analytics.recent_campaign(name)
    if recent is None:
        raise NotFoundException(f"There is no campaign “{name}”.")
    context = {"report": recent.report, "as_of": recent.as_of, "signals": _in_words(rules)}
    return Template("campaign.html", context=context)


@get("/clicks")
async def clicks(analytics: GivenAnalytics, rules: GivenRules, clock: GivenClock, search: GivenSearch) -> Template:
    """Single clicks of one campaign, the latest first, each with what explains its verdict."""
    shown, end = await shown_clicks(analytics, search, limit=_PAGE, rules=rules, now=clock.now())
    if not shown and await analytics.recent_campaign(search.campaign) is None:
        raise NotFoundException(f"There is no campaign “{search.campaign}”.")
    context = {
        "search": search,
        "clicks": shown,
        "choices": [
            (words, replace(search, verdicts=verdicts, counted=counted, before=None))
            for words, verdicts, counted in _CHOICES
        ],
        "further": replace(search, before=end) if end else None,
        "signals": _in_words(rules),
        "least": rules.verdicts,
    }
    return Template("clicks.html", context=context)


def _in_words(rules: Rules) -> dict[str, str]:
    """What each signal means, by its name."""
    return {rule.name: rule.description for rule in rules.rules}


def refuse(_request: _Request, error: ClientException) -> Template:
    """A page that does not exist, or was asked for in a wrong way."""
    return Template("refusal.html", context={"reason": error.detail}, status_code=error.status_code)


def unavailable(_request: _Request, _error: StorageError) -> Template:
    """The numbers cannot be read just now. No click is lost by that: each is in the journal."""
    reason = "The numbers cannot be read just now. No click is lost: each is in the journal. Try again in a moment."
    return Template("refusal.html", context={"reason": reason}, status_code=503)

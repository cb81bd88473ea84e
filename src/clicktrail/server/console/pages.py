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
from clicktrail.server.console.dependencies import (
    ClickLogDependency,
    ClickSearchDependency,
    ClockDependency,
    ReportsDependency,
    RulesDependency,
)
from clicktrail.server.pipeline.queries import list_clicks

__all__ = ["render_campaign", "render_campaigns", "render_clicks", "render_client_error", "render_unavailable"]

_Request = Request[None, None, State]

_CLICKS_PER_PAGE: Final = 25
"""Clicks on a page: some screens full."""
_NON_HUMAN_VERDICTS: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.HUMAN)
_CLICK_TABS: Final[tuple[tuple[str, tuple[Verdict, ...], bool], ...]] = (
    ("All", tuple(Verdict), True),
    ("Human", (Verdict.HUMAN,), True),
    ("Not human", _NON_HUMAN_VERDICTS, True),
    *((verdict.capitalize(), (verdict,), True) for verdict in _NON_HUMAN_VERDICTS),
    ("Not counted", tuple(Verdict), False),
)
"""Which clicks one may want to see: what that is called, their verdicts, and whether reports count them."""


@get("/")
async def render_campaigns(reports: ReportsDependency) -> Template:
    """Every campaign, the latest sent first."""
    return Template("campaigns.html", context={"recent": await reports.cached_campaigns()})


@get("/campaign")
async def render_campaign(reports: ReportsDependency, rules: RulesDependency, name: FromQuery[str]) -> Template:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    recent = await reports.cached_campaign(name)
    if recent is None:
        raise NotFoundException(f"There is no campaign “{name}”.")
    context = {"report": recent.report, "as_of": recent.as_of, "signals": _describe_signals(rules)}
    return Template("campaign.html", context=context)


@get("/clicks")
async def render_clicks(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    rules: RulesDependency,
    clock: ClockDependency,
    search: ClickSearchDependency,
) -> Template:
    """Single clicks of one campaign, the latest first, each with what explains its verdict."""
    shown, end = await list_clicks(click_log, search, limit=_CLICKS_PER_PAGE, rules=rules, now=clock.now())
    if not shown and await reports.cached_campaign(search.campaign) is None:
        raise NotFoundException(f"There is no campaign “{search.campaign}”.")
    context = {
        "search": search,
        "clicks": shown,
        "choices": [
            (words, replace(search, verdicts=verdicts, counted=counted, before=None))
            for words, verdicts, counted in _CLICK_TABS
        ],
        "further": replace(search, before=end) if end else None,
        "signals": _describe_signals(rules),
        "least": rules.min_scores,
    }
    return Template("clicks.html", context=context)


def _describe_signals(rules: Rules) -> dict[str, str]:
    """What each signal means, by its name."""
    return {rule.name: rule.description for rule in rules.rules}


def render_client_error(_request: _Request, error: ClientException) -> Template:
    """A page that does not exist, or was asked for in a wrong way."""
    return Template("refusal.html", context={"reason": error.detail}, status_code=error.status_code)


def render_unavailable(_request: _Request, _error: StorageError) -> Template:
    """The numbers cannot be read just now. No click is lost by that: each is in the journal."""
    reason = "The numbers cannot be read just now. No click is lost: each is in the journal. Try again in a moment."
    return Template("refusal.html", context={"reason": reason}, status_code=503)

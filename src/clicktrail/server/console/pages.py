"""The console's pages. They are complete as served; a script only fetches them again when something was stored."""

import mimetypes
from dataclasses import replace
from pathlib import Path
from typing import Final

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery
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

_Request = Request[None, None, State]

_CLICKS_PER_PAGE: Final = 25
_NON_HUMAN_VERDICTS: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.HUMAN)
_CLICK_TABS: Final[tuple[tuple[str, tuple[Verdict, ...], bool], ...]] = (
    ("All", tuple(Verdict), True),
    ("Human", (Verdict.HUMAN,), True),
    ("Not human", _NON_HUMAN_VERDICTS, True),
    *((verdict.capitalize(), (verdict,), True) for verdict in _NON_HUMAN_VERDICTS),
    ("Not counted", tuple(Verdict), False),
)
"""Tabs of the clicks page: label, verdicts to show, and whether to show clicks that reports count or the others."""

_STATIC_FILES: Final = {path.name: path.read_bytes() for path in (Path(__file__).parent / "static").iterdir()}
"""The style sheet and the like by name. No request is looked up in the file system."""


@get("/static/{name:str}")
async def serve_static_file(name: FromPath[str]) -> Response[bytes]:
    """A file that the pages include."""
    if name not in _STATIC_FILES:
        raise NotFoundException(f"There is no file “{name}”.")
    return Response(_STATIC_FILES[name], media_type=mimetypes.guess_type(name)[0])


@get("/")
async def render_campaigns(reports: ReportsDependency) -> Template:
    """The list of campaigns, the latest sent first."""
    return Template("campaigns.html", context={"reports": await reports.campaigns()})


@get("/campaign")
async def render_campaign(reports: ReportsDependency, rules: RulesDependency, name: FromQuery[str]) -> Template:
    """One campaign. The name is a query parameter because any text can be one: an empty text, ``a/b``, ``..``."""
    report = await reports.campaign(name)
    if report is None:
        raise NotFoundException(f"There is no campaign “{name}”.")
    return Template("campaign.html", context={"report": report, "signal_descriptions": _describe_signals(rules)})


@get("/clicks")
async def render_clicks(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    rules: RulesDependency,
    clock: ClockDependency,
    search: ClickSearchDependency,
) -> Template:
    """A page of a campaign's clicks, the latest first, each with the reasons for its verdict."""
    clicks, next_cursor = await list_clicks(click_log, search, limit=_CLICKS_PER_PAGE, rules=rules, now=clock.now())
    if not clicks and await reports.campaign(search.campaign) is None:
        raise NotFoundException(f"There is no campaign “{search.campaign}”.")
    context = {
        "search": search,
        "clicks": clicks,
        "tabs": [
            (label, replace(search, verdicts=verdicts, counted=counted, before=None))
            for label, verdicts, counted in _CLICK_TABS
        ],
        "next_page": replace(search, before=next_cursor) if next_cursor else None,
        "signal_descriptions": _describe_signals(rules),
        "min_scores": rules.min_scores,
    }
    return Template("clicks.html", context=context)


def _describe_signals(rules: Rules) -> dict[str, str]:
    return {rule.name: rule.description for rule in rules.rules}


def render_client_error(_request: _Request, error: ClientException) -> Template:
    """The error page for a request to a page that does not exist, or with wrong parameters."""
    return Template("error.html", context={"reason": error.detail}, status_code=error.status_code)


def render_unavailable(_request: _Request, _error: StorageError) -> Template:
    """The error page while analytics cannot be read."""
    reason = "The reports cannot be read at the moment. No click is lost: each is in the journal. Try again shortly."
    return Template("error.html", context={"reason": reason}, status_code=503)

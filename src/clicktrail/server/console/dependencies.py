"""Dependencies that the application injects into its handlers."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromQuery, QueryParameter, SkipValidation

from clicktrail.judge.rules import Rules
from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.pipeline.queries import decode_cursor
from clicktrail.server.pipeline.rejudge import RejudgeRequest, RejudgeResult
from clicktrail.server.ports import ClickLog, ClickSearch, Clock, Reports

RejudgeFunction = Callable[[RejudgeRequest], Awaitable[list[RejudgeResult]]]
"""Judges stored clicks again, and returns the result of each campaign."""

# SkipValidation: Litestar checks types at run time, which is impossible for a Protocol.
ReportsDependency = NamedDependency[SkipValidation[Reports]]
ClickLogDependency = NamedDependency[SkipValidation[ClickLog]]
ClockDependency = NamedDependency[SkipValidation[Clock]]
ClickFeedDependency = NamedDependency[SkipValidation[ClickFeed]]
RejudgeDependency = NamedDependency[SkipValidation[RejudgeFunction]]
RulesDependency = NamedDependency[SkipValidation[Rules]]
ClickSearchDependency = NamedDependency[SkipValidation[ClickSearch]]


def parse_click_search(
    *,
    campaign: FromQuery[str],
    verdicts: Annotated[list[Verdict] | None, QueryParameter(name="verdict")] = None,
    signal: FromQuery[str] = "",
    counted: FromQuery[bool] = True,
    before: FromQuery[str] = "",
) -> ClickSearch:
    """Build a click search from query parameters.

    Raises:
        ClientException: ``before`` is not a cursor.
    """
    try:
        cursor = decode_cursor(before) if before else None
    except ValueError as error:
        raise ClientException("before is not the cursor of a page of clicks") from error
    sorted_verdicts = tuple(verdict for verdict in Verdict if verdict in (verdicts or Verdict))
    return ClickSearch(campaign=campaign, verdicts=sorted_verdicts, signal=signal, counted=counted, before=cursor)

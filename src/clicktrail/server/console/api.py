"""Reports as JSON, in the shape of ``clicktrail report --json``, and what ``clicktrail rejudge`` asks for."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery, QueryParameter

from clicktrail.errors import StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.report.accuracy import confusion_matrix_as_json
from clicktrail.server.console import live
from clicktrail.server.console.dependencies import (
    ClickLogDependency,
    ClickSearchDependency,
    ClockDependency,
    RejudgeDependency,
    ReportsDependency,
    RulesDependency,
)
from clicktrail.server.pipeline.queries import (
    CLICKER_PAGE_SIZE,
    clicker_as_json,
    clicks_response,
    history_response,
    reports_response,
)
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.ports import Reports

__all__ = ["healthz", "router"]

_Request = Request[None, None, State]
_Body = TypeVar("_Body")
_FilterQuery = Annotated[list[ClickFilter] | None, QueryParameter(name="filter")]


@get("/campaigns")
async def get_campaigns(reports: ReportsDependency, filters: _FilterQuery = None) -> dict[str, list[dict[str, object]]]:
    """Every campaign, the latest sent first, without links, reasons and sources."""
    return {"campaigns": await reports_response(reports, None, filters or ())}


@get("/campaign")
async def get_campaign(
    reports: ReportsDependency, name: FromQuery[str], filters: _FilterQuery = None
) -> dict[str, object]:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    found = await reports_response(reports, name, filters or ())
    if not found:
        raise NotFoundException(f"there is no campaign '{name}'")
    return found[0]


@get("/clicks")
async def get_clicks(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    rules: RulesDependency,
    clock: ClockDependency,
    search: ClickSearchDependency,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Some clicks of a campaign, the latest first, each with what explains its verdict."""
    page = await clicks_response(click_log, search, limit=limit, rules=rules, now=clock.now())
    if not page["clicks"]:
        await _check_campaign_exists(reports, search.campaign)
    return page


@get("/history")
async def get_history(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    campaign: FromQuery[str],
    limit: Annotated[int, QueryParameter(ge=1)],
    click: FromQuery[str | None] = None,
) -> dict[str, object]:
    """The latest changes of verdicts on a campaign's clicks, or on one of them."""
    history = await history_response(click_log, campaign, click=click, limit=limit)
    if not history["changes"]:
        await _check_campaign_exists(reports, campaign)
    return history


@get("/segment")
async def get_segment(
    reports: ReportsDependency,
    since: FromQuery[datetime],
    after: FromQuery[str],
    campaign: FromQuery[str | None] = None,
) -> dict[str, list[dict[str, object]]]:
    """Some people with a human click, those behind a name; none of them after the last."""
    if since.tzinfo is None:
        raise ClientException("since has no time zone")
    page = await reports.clickers(since=since, campaign=campaign, after=after, limit=CLICKER_PAGE_SIZE)
    return {"recipients": [clicker_as_json(clicker) for clicker in page]}


@get("/labels")
async def get_label_report(reports: ReportsDependency) -> dict[str, object]:
    """How verdicts fare against all labels."""
    return confusion_matrix_as_json(await reports.confusion_matrix())


@post("/labels", status_code=204)
async def post_labels(request: _Request, reports: ReportsDependency) -> None:
    """Keep what really made some clicks, by click id."""
    await reports.store_labels(await _decode_json_body(request, dict[str, Verdict]))


@post("/rejudge", status_code=200)
async def post_rejudge(request: _Request, rejudge: RejudgeDependency) -> dict[str, list[dict[str, Any]]]:
    """Judge again, and answer when that is done."""
    return {"campaigns": await rejudge(await _decode_json_body(request, RejudgeRequest))}


async def _check_campaign_exists(reports: Reports, campaign: str) -> None:
    if await reports.cached_campaign(campaign) is None:
        raise NotFoundException(f"there is no campaign '{campaign}'")


async def _decode_json_body(request: _Request, body_type: type[_Body]) -> _Body:
    """What was posted.

    A page of another site can have its visitor's browser post anything but JSON without being asked (WHATWG Fetch,
    "CORS-safelisted request-header"), so nothing else is read.
    """
    if request.content_type[0] != "application/json":
        raise ClientException("only application/json is read", status_code=415)
    try:
        return msgspec.json.decode(await request.body(), type=body_type)
    except msgspec.DecodeError as error:
        raise ClientException(str(error)) from error


@get("/healthz", media_type=MediaType.TEXT)
async def healthz() -> str:
    """Say that somebody answers."""
    return "ok\n"


def _respond_client_error(_request: _Request, error: ClientException) -> Response[dict[str, str]]:
    return Response({"error": error.detail}, status_code=error.status_code)


def _respond_unavailable(_request: _Request, error: StorageError) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=503)


router = Router(
    "/api",
    route_handlers=[
        get_campaigns,
        get_campaign,
        get_clicks,
        live.stream_clicks,
        get_history,
        get_segment,
        get_label_report,
        post_labels,
        post_rejudge,
    ],
    exception_handlers={ClientException: _respond_client_error, StorageError: _respond_unavailable},
)

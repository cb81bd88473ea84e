"""The HTTP API: the routes under ``/api``, which return the JSON of `clicktrail.server.api.schemas`."""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery, QueryParameter

from clicktrail.errors import StorageError
from clicktrail.model.supported_time import check_time
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.server.api import schemas
from clicktrail.server.api.service import SEGMENT_PAGE_SIZE
from clicktrail.server.console import live
from clicktrail.server.console.dependencies import (
    ClickLogDependency,
    ClickSearchDependency,
    ClockDependency,
    RejudgeDependency,
    ReportsDependency,
    RulesDependency,
)
from clicktrail.server.pipeline.queries import encode_cursor, list_clicks, load_reports, recount_reports
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.ports import Reports

_Request = Request[None, None, State]
_Body = TypeVar("_Body")
_FilterQuery = Annotated[list[ClickFilter] | None, QueryParameter(name="filter")]


@get("/campaigns")
async def get_campaigns(reports: ReportsDependency, filters: _FilterQuery = None) -> schemas.Campaigns:
    """All campaigns, the latest sent first, without links and reasons."""
    return schemas.Campaigns.from_reports(await load_reports(reports, None, filters or ()))


@get("/campaign")
async def get_campaign(
    reports: ReportsDependency, name: FromQuery[str], filters: _FilterQuery = None
) -> schemas.Campaign:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    for report, filtered_counts in await load_reports(reports, name, filters or ()):
        return schemas.Campaign.from_report(report, filtered_counts)
    raise _create_campaign_not_found(name)


@get("/clicks")
async def get_clicks(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    rules: RulesDependency,
    clock: ClockDependency,
    search: ClickSearchDependency,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> schemas.ClickPage:
    """Clicks of a campaign, the latest first, with the explanation of their verdicts."""
    clicks, next_cursor = await list_clicks(click_log, search, limit=limit, rules=rules, now=clock.now())
    if not clicks:
        await _check_campaign_exists(reports, search.campaign)
    return schemas.ClickPage(
        clicks=[schemas.Click.from_explained(click, rules) for click in clicks],
        before=encode_cursor(next_cursor) if next_cursor else None,
    )


@get("/history")
async def get_history(
    reports: ReportsDependency,
    click_log: ClickLogDependency,
    campaign: FromQuery[str],
    limit: Annotated[int, QueryParameter(ge=1)],
    click_id: FromQuery[str | None] = None,
) -> schemas.VerdictHistory:
    """The latest changes of verdicts on a campaign's clicks, or on one of them."""
    changes = await click_log.history(campaign, click_ids=() if click_id is None else (click_id,), limit=limit)
    if not changes:
        await _check_campaign_exists(reports, campaign)
    return schemas.VerdictHistory.from_changes(campaign, changes)


@get("/segment")
async def get_segment(
    reports: ReportsDependency,
    since: FromQuery[datetime],
    after: FromQuery[str],
    campaign: FromQuery[str | None] = None,
) -> schemas.SegmentPage:
    """The next recipients with a human click; empty after the last page."""
    try:
        check_time(since)
    except ValueError as error:
        raise ClientException(f"since: {error}") from error
    clickers = await reports.clickers(since=since, campaign=campaign, after=after, limit=SEGMENT_PAGE_SIZE)
    return schemas.SegmentPage.from_clickers(clickers)


@get("/labels")
async def get_label_report(reports: ReportsDependency) -> schemas.LabelReport:
    """Verdicts compared with all ground-truth labels."""
    return schemas.LabelReport.from_matrix(await reports.confusion_matrix())


@post("/labels", status_code=204)
async def post_labels(request: _Request, reports: ReportsDependency) -> None:
    """Store ground-truth labels by click id."""
    await reports.store_labels(await _decode_json_body(request, dict[str, Verdict]))


@post("/rejudge", status_code=200)
async def post_rejudge(request: _Request, rejudge: RejudgeDependency) -> schemas.RejudgedCampaigns:
    """Judge stored clicks again, and answer when that is done."""
    return schemas.RejudgedCampaigns.from_results(await rejudge(await _decode_json_body(request, RejudgeRequest)))


@post("/recount", status_code=200)
async def post_recount(request: _Request, reports: ReportsDependency) -> schemas.RecountedCampaigns:
    """Count campaigns again, and answer when that is done."""
    campaign = (await _decode_json_body(request, schemas.RecountRequest)).campaign
    return schemas.RecountedCampaigns.from_reports(await recount_reports(reports, campaign))


async def _decode_json_body(request: _Request, body_type: type[_Body]) -> _Body:
    # Cross-site request forgery: another site's page can post every content type of an HTML form, but JSON only if we
    # allow it (WHATWG Fetch, "CORS-safelisted request-header").
    if request.content_type[0] != "application/json":
        raise ClientException("the content type must be application/json", status_code=415)
    try:
        return msgspec.json.decode(await request.body(), type=body_type)
    except msgspec.DecodeError as error:
        raise ClientException(str(error)) from error


@get("/healthz", media_type=MediaType.TEXT)
async def healthz() -> str:
    """Answer health checks."""
    return "ok\n"


async def _check_campaign_exists(reports: Reports, name: str) -> None:
    if await reports.campaign(name) is None:
        raise _create_campaign_not_found(name)


def _create_campaign_not_found(name: str) -> NotFoundException:
    return NotFoundException(f"there is no campaign '{name}'")


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
        post_recount,
    ],
    exception_handlers={ClientException: _respond_client_error, StorageError: _respond_unavailable},
)

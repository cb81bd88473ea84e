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
from clicktrail.report import Filter
from clicktrail.report.accuracy import confusion_as_json
from clicktrail.server.console import live
from clicktrail.server.console.dependencies import GivenAnalytics, GivenClock, GivenRejudge, GivenRules, GivenSearch
from clicktrail.server.pipeline.queries import PAGE, described, described_clicks, described_history, described_reports
from clicktrail.server.pipeline.rejudge import Wanted

__all__ = ["healthz", "router"]

_Request = Request[None, None, State]
_Asked = TypeVar("_Asked")
_Filters = Annotated[list[Filter] | None, QueryParameter(name="filter")]


@get("/campaigns")
async def campaigns(analytics: GivenAnalytics, by: _Filters = None) -> dict[str, list[dict[str, object]]]:
    """Every campaign, the latest sent first, without links, reasons and sources."""
    return {"campaigns": await described_reports(analytics, None, by or ())}


@get("/campaign")
async def campaign(analytics: GivenAnalytics, name: FromQuery[str], by: _Filters = None) -> dict[str, object]:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    reports = await described_reports(analytics, name, by or ())
    if not reports:
        raise NotFoundException(f"there is no campaign '{name}'")
    return reports[0]


@get("/clicks")
async def clicks(
    analytics: GivenAnalytics,
    rules: GivenRules,
    clock: GivenClock,
    search: GivenSearch,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Some clicks of a campaign, the latest first, each with what explains its verdict."""
    page = await described_clicks(analytics, search, limit=limit, rules=rules, now=clock.now())
    if not page:
        raise NotFoundException(f"there is no campaign '{search.campaign}'")
    return page


@get("/history")
async def history(
    analytics: GivenAnalytics,
    campaign: FromQuery[str],
    limit: Annotated[int, QueryParameter(ge=1)],
    click: FromQuery[str | None] = None,
) -> dict[str, object]:
    """The latest changes of verdicts on a campaign's clicks, or on one of them."""
    changes = await described_history(analytics, campaign, click=click, limit=limit)
    if not changes:
        raise NotFoundException(f"there is no campaign '{campaign}'")
    return changes


@get("/segment")
async def segment(
    analytics: GivenAnalytics, since: FromQuery[datetime], after: FromQuery[str], campaign: FromQuery[str | None] = None
) -> dict[str, list[dict[str, object]]]:
    """Some people with a human click, those behind a name; none of them after the last."""
    if since.tzinfo is None:
        raise ClientException("since has no time zone")
    page = await analytics.clickers(since=since, campaign=campaign, after=after, limit=PAGE)
    return {"recipients": [described(clicker) for clicker in page]}


@get("/labels")
async def confusion(analytics: GivenAnalytics) -> dict[str, object]:
    """How verdicts fare against all labels."""
    return confusion_as_json(await analytics.confusion())


@post("/labels", status_code=204)
async def label(request: _Request, analytics: GivenAnalytics) -> None:
    """Keep what really made some clicks, by click id."""
    await analytics.label(await _read(request, dict[str, Verdict]))


@post("/rejudge", status_code=200)
async def rejudge(request: _Request, rejudge: GivenRejudge) -> dict[str, list[dict[str, Any]]]:
    """Judge again, and answer when that is done."""
    return {"campaigns": await rejudge(await _read(request, Wanted))}


async def _read(request: _Request, kind: type[_Asked]) -> _Asked:
    """What was posted.

    A page of another site can have its visitor's browser post anything but JSON without being asked (WHATWG Fetch,
    "CORS-safelisted request-header"), so nothing else is read.
    """
    if request.content_type[0] != "application/json":
        raise ClientException("only application/json is read", status_code=415)
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise ClientException(str(error)) from error


@get("/healthz", media_type=MediaType.TEXT)
async def healthz() -> str:
    """Say that somebody answers."""
    return "ok\n"


def _refuse(_request: _Request, error: ClientException) -> Response[dict[str, str]]:
    return Response({"error": error.detail}, status_code=error.status_code)


def _unavailable(_request: _Request, error: StorageError) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=503)


router = Router(
    "/api",
    route_handlers=[campaigns, campaign, clicks, live.clicks, history, segment, confusion, label, rejudge],
    exception_handlers={ClientException: _refuse, StorageError: _unavailable},
)

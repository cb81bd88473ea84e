"""Reports as JSON, in the shape of ``clicktrail report --json``."""

from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery

from clicktrail.errors import StorageError
from clicktrail.report import as_json
from clicktrail.server.console.given import GivenAnalytics

__all__ = ["healthz", "router"]

_Request = Request[None, None, State]


@get("/campaigns")
async def campaigns(analytics: GivenAnalytics) -> dict[str, list[dict[str, object]]]:
    """Every campaign, the latest sent first, without links and reasons."""
    return {"campaigns": [as_json(report) for report in await analytics.campaigns()]}


@get("/campaign")
async def campaign(analytics: GivenAnalytics, name: FromQuery[str]) -> dict[str, object]:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    report = await analytics.campaign(name)
    if report is None:
        raise NotFoundException(f"there is no campaign '{name}'")
    return as_json(report)


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
    route_handlers=[campaigns, campaign],
    exception_handlers={ClientException: _refuse, StorageError: _unavailable},
)

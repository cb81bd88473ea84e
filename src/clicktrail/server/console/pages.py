"""Reports as pages. All is on the page as it is served: no script runs in the reader's browser."""

from litestar import Request, get
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromQuery
from litestar.response import Template

from clicktrail.errors import StorageError
from clicktrail.server.console.given import GivenAnalytics, GivenSignals

__all__ = ["campaign", "campaigns", "refuse", "unavailable"]

_Request = Request[None, None, State]


@get("/")
async def campaigns(analytics: GivenAnalytics) -> Template:
    """Every campaign, the latest sent first."""
    return Template("campaigns.html", context={"reports": await analytics.campaigns()})


@get("/campaign")
async def campaign(analytics: GivenAnalytics, signals: GivenSignals, name: FromQuery[str]) -> Template:
    """One campaign. Its name is a query parameter, since any text is a name: the empty one, ``a/b``, ``..``."""
    report = await analytics.campaign(name)
    if report is None:
        raise NotFoundException(f"There is no campaign “{name}”.")
    return Template("campaign.html", context={"report": report, "signals": signals})


def refuse(_request: _Request, error: ClientException) -> Template:
    """A page that does not exist, or was asked for in a wrong way."""
    return Template("refusal.html", context={"reason": error.detail}, status_code=error.status_code)


def unavailable(_request: _Request, _error: StorageError) -> Template:
    """The numbers cannot be read just now. No click is lost by that: each is in the journal."""
    reason = "The numbers cannot be read just now. No click is lost: each is in the journal. Try again in a moment."
    return Template("refusal.html", context={"reason": reason}, status_code=503)

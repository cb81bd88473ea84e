"""HTTP client that sends the simulated requests."""

from types import TracebackType
from typing import Final, Self

import httpx2

from clicktrail.demo.population.plan import PlannedRequest

_MAX_CONNECTIONS: Final = 64
_TIMEOUT_S: Final = 30


class RequestSender:
    """Sends planned requests with their simulated client address in ``X-Forwarded-For``, as a TLS proxy would.

    No cookies are kept between requests.
    """

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS)
        self._http = httpx2.AsyncClient(limits=limits, timeout=_TIMEOUT_S, trust_env=False)
        self._http.headers.clear()  # only the headers of the simulated program are sent

    async def __aenter__(self) -> Self:
        """Open the client."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._http.__aexit__(kind, error, traceback)

    async def send(self, request: PlannedRequest) -> int:
        """Send a request, and return the status of the first response; 0 if there was none.

        Redirects are followed if the request loads the page.
        """
        headers = {**request.headers, "x-forwarded-for": request.ip, "x-forwarded-proto": "https"}
        try:
            response = await self._http.request(
                request.method, request.url, headers=headers, follow_redirects=request.loads_page
            )
        except httpx2.TransportError:
            return 0
        first_response = response.history[0] if response.history else response
        return first_response.status_code

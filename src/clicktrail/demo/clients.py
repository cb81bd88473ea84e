"""The population's requests, over real HTTP."""

from types import TracebackType
from typing import Final, Self

import httpx2

from clicktrail.demo.population.plan import PlannedRequest

__all__ = ["RequestSender"]

_MAX_CONNECTIONS: Final = 64
_TIMEOUT_S: Final = 30


class RequestSender:
    """Makes requests as whoever they say they come from.

    The address goes into ``X-Forwarded-For``, as a proxy that ends TLS would tell it. Cookies are nobody's: each
    request is made as if by a program that keeps none.
    """

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_CONNECTIONS)
        self._http = httpx2.AsyncClient(limits=limits, timeout=_TIMEOUT_S, trust_env=False)
        self._http.headers.clear()  # a program that sends no Accept-Language shall send none

    async def __aenter__(self) -> Self:
        """Open."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._http.__aexit__(kind, error, traceback)

    async def send(self, request: PlannedRequest) -> int:
        """Make one request; load the page as well if it is a visit.

        Returns:
            The status of the first answer; 0 if there was none.
        """
        headers = {**request.headers, "x-forwarded-for": request.ip, "x-forwarded-proto": "https"}
        try:
            response = await self._http.request(
                request.method, request.url, headers=headers, follow_redirects=request.loads_page
            )
        except httpx2.TransportError:
            return 0
        first = response.history[0] if response.history else response
        return first.status_code

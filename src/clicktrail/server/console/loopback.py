"""What keeps the console between the machine and its user: it asks for no password."""

from litestar.datastructures import MutableScopeHeaders
from litestar.middleware import ASGIMiddleware
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LoopbackOnly", "harden"]

_HOSTS = {"127.0.0.1", "localhost", "[::1]"}

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LoopbackOnly(ASGIMiddleware):
    """Answer only those who asked for a loopback host by name.

    A web page can point its own host name at 127.0.0.1 and have its visitor's browser read the console (DNS
    rebinding); the browser then still asks for the page's host. RFC 9110 section 15.5.20: 421, Misdirected Request.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or refuse it."""
        host, _, port = MutableScopeHeaders(scope=scope).get("host", "").rpartition(":")
        if (host if port.isdigit() else f"{host}:{port}".lstrip(":")).lower() in _HOSTS:
            await next_app(scope, receive, send)
        else:
            refusal = ASGIResponse(body=b"not a host of this console", status_code=421, media_type="text/plain")
            await refusal(scope, receive, send)


async def harden(message: Message, _scope: Scope) -> None:
    """Add to every response what a browser needs to keep it to itself."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _HEADERS.items():
            headers[name] = value

"""The console's application: pages, API, style, and what every response has in common."""

from pathlib import Path

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response.base import ASGIResponse
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from clicktrail.errors import StorageError
from clicktrail.judge.rules import Rules
from clicktrail.server.console import api, formatting, live, pages
from clicktrail.server.console.dependencies import RejudgeFunction, parse_click_search
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.ports import Analytics, Clock

__all__ = ["LoopbackHostMiddleware", "add_security_headers", "create_app"]

# FOLDED loopback.py: What keeps the console between the machine and its user: it asks for no password.

_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "[::1]"}

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LoopbackHostMiddleware(ASGIMiddleware):
    """Answer only those who asked for a loopback host by name.

    A web page can point its own host name at 127.0.0.1 and have its visitor's browser read the console (DNS
    rebinding); the browser then still asks for the page's host. RFC 9110 section 15.5.20: 421, Misdirected Request.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or refuse it."""
        host, _, port = MutableScopeHeaders(scope=scope).get("host", "").rpartition(":")
        if (host if port.isdigit() else f"{host}:{port}".lstrip(":")).lower() in _LOOPBACK_HOSTS:
            await next_app(scope, receive, send)
        else:
            refusal = ASGIResponse(body=b"not a host of this console", status_code=421, media_type="text/plain")
            await refusal(scope, receive, send)


async def add_security_headers(message: Message, _scope: Scope) -> None:
    """Add to every response what a browser needs to keep it to itself."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _SECURITY_HEADERS.items():
            headers[name] = value


_LOG = structlog.get_logger(component="console")
_STATIC_FOLDER = Path(__file__).parent / "static"


def create_app(
    analytics: Analytics, *, feed: ClickFeed, rules: Rules, clock: Clock, rejudge: RejudgeFunction
) -> Litestar:
    """Make the application, an ASGI one, to be served in the process that holds analytics.

    Args:
        analytics: whose numbers it shows.
        feed: what tells of what is stored.
        rules: what verdicts rest on, and the words for it.
        clock: tells how long a click is past.
        rejudge: judges again what is stored.
    """
    return Litestar(
        route_handlers=[
            pages.render_campaigns,
            pages.render_campaign,
            pages.render_clicks,
            live.stream_changes,
            api.router,
            api.healthz,
            create_static_files_router("/static", directories=[_STATIC_FOLDER]),
        ],
        dependencies={
            "reports": Provide(lambda: analytics, sync_to_thread=False),
            "click_log": Provide(lambda: analytics, sync_to_thread=False),
            "feed": Provide(lambda: feed, sync_to_thread=False),
            "rules": Provide(lambda: rules, sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "search": Provide(parse_click_search, sync_to_thread=False),
            "rejudge": Provide(lambda: rejudge, sync_to_thread=False),
        },
        middleware=[LoopbackHostMiddleware()],
        before_send=[add_security_headers],
        after_exception=[_log_exception],
        exception_handlers={ClientException: pages.render_client_error, StorageError: pages.render_unavailable},
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(_create_jinja_environment())),
        openapi_config=None,
        logging_config=None,
    )


async def _log_exception(error: Exception, scope: Scope) -> None:
    """Log what is no fault of the one who asked. The cause of a StorageError may quote a person's address."""
    if isinstance(error, StorageError):
        _LOG.error("analytics cannot be read", path=scope["path"], error=error)
    elif not isinstance(error, ClientException):
        _LOG.error("a request failed", path=scope["path"], exc_info=error)


def _create_jinja_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("clicktrail.server.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(formatting, name) for name in formatting.__all__}
    return environment

"""The console's web application: routes, dependencies, templates, and protection against other web sites."""

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response.base import ASGIResponse
from litestar.template import TemplateConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from clicktrail.errors import StorageError
from clicktrail.judge.rules import Rules
from clicktrail.server.console import api, formatting, live, pages
from clicktrail.server.console.dependencies import RejudgeFunction, parse_click_search
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.ports import Analytics, Clock

_LOG = structlog.get_logger(component="console")

_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "[::1]"}

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(
    analytics: Analytics, *, feed: ClickFeed, rules: Rules, clock: Clock, rejudge: RejudgeFunction
) -> Litestar:
    """Create the ASGI application. It must be served in the process that has opened analytics."""
    return Litestar(
        route_handlers=[
            pages.render_campaigns,
            pages.render_campaign,
            pages.render_clicks,
            live.stream_changes,
            api.router,
            api.healthz,
            pages.serve_static_file,
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


class LoopbackHostMiddleware(ASGIMiddleware):
    """Refuse requests whose Host is not a loopback address or localhost.

    The console needs no password, so only this machine may use it. A web page can resolve its own host name to
    127.0.0.1 and make its visitor's browser read the console (DNS rebinding), but the request then names that host. It
    is refused with 421, Misdirected Request (RFC 9110 section 15.5.20).
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or respond with 421."""
        host_header = MutableScopeHeaders(scope=scope).get("host", "")
        host, _, port = host_header.rpartition(":")
        if not port.isdigit():  # no port
            host = host_header
        if host.lower() in _LOOPBACK_HOSTS:
            await next_app(scope, receive, send)
        else:
            response = ASGIResponse(body=b"not a host of this console", status_code=421, media_type="text/plain")
            await response(scope, receive, send)


async def add_security_headers(message: Message, _scope: Scope) -> None:
    """Add headers that keep other sites from embedding, reading or caching the response."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _SECURITY_HEADERS.items():
            headers[name] = value


async def _log_exception(error: Exception, scope: Scope) -> None:
    # Log no traceback of a StorageError: its cause may quote a recipient's address.
    if isinstance(error, StorageError):
        _LOG.error("analytics cannot be read", path=scope["path_template"], error=error)
    elif not isinstance(error, ClientException):
        _LOG.error("request failed", path=scope["path_template"], exc_info=error)


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

"""Web site of the demo's shop: every path has a page."""

import asyncio
import html
from string import Template
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

_PAGE_TEMPLATE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wren &amp; Furrow</title>
<style>
  body { margin: 0; background: #f2eee3; color: #22301f; font: 17px/1.6 Georgia, serif; }
  main { max-width: 34rem; margin: 12vh auto; padding: 2.5rem; background: #fffdf7; border-top: 6px solid #24472f; }
  h1 { font-weight: normal; margin-top: 0; }
  code { font-size: .85em; overflow-wrap: anywhere; }
  td { padding: .2rem 1.2rem .2rem 0; vertical-align: top; }
</style>
<main>
  <h1>You arrived.</h1>
  <p>This is <code>$path</code> on the site of a made-up shop. The link had these parameters:</p>
  <table>$parameters</table>
</main>
</html>
""")


class LandingSite:
    """HTTP server on 127.0.0.1 that answers every request with a page while its context is open.

    Attributes:
        request_targets: path and query of every request, in order.
        port: port that it listens on; 0 until the context is open.
    """

    def __init__(self) -> None:
        self.request_targets: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port of its URLs: ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve_page, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve_page(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.decode("latin-1").split(" ", 2)
            self.request_targets.append(target)
            writer.write(_build_response(target, with_body=method != "HEAD"))
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # the client has gone, or sent no HTTP request
        finally:
            writer.close()


def _build_response(target: str, *, with_body: bool) -> bytes:
    url = urlsplit(target)
    rows = (
        f"<tr><td><code>{html.escape(name)}</code><td><code>{html.escape(value)}</code>"
        for name, value in parse_qsl(url.query, keep_blank_values=True)
    )
    page = _PAGE_TEMPLATE.substitute(path=html.escape(url.path), parameters="".join(rows)).encode()
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(page)}\r\n"
        "Connection: close\r\n"
        "\r\n"
    ).encode()
    return head + page if with_body else head

"""HTTP responses as bytes, prepared so that sending one is a concatenation."""

import html
from datetime import datetime
from email.utils import format_datetime

import msgspec

from clicktrail.server.edge.http_reader import Refusal

_ERROR_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem }}</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""

_ERROR_PAGE_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"  # the URL of the page is a recipient's link
    "X-Robots-Tag: noindex\r\n"
)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response.

    Attributes:
        head: status line and headers, each ending with CRLF, without those that depend on the connection.
    """

    head: bytes
    body: bytes = b""

    @property
    def status(self) -> bytes:
        """Status code, such as ``302``."""
        return self.head[9:12]


class Responses:
    """Responses that are the same for every tracking domain.

    Args:
        referrer_policy: what the destination may learn about the page with the link. The default is that of browsers:
            the destination sees the origin of a webmail, as with an untracked link. Tokens are not sent,
            because a redirect never becomes the referrer.
    """

    def __init__(self, *, referrer_policy: str = "strict-origin-when-cross-origin") -> None:
        self._redirect = (
            "HTTP/1.1 302 Found\r\n"
            "Cache-Control: private, no-store\r\n"
            f"Referrer-Policy: {referrer_policy}\r\n"
            "X-Robots-Tag: noindex\r\n"
            "Content-Length: 0\r\n"
            "Location: "
        ).encode()
        self.date_header = b""
        self.refusals = {
            Refusal.BAD_REQUEST: _render_error_page(
                "400 Bad Request", "Bad request", "This request is not valid HTTP."
            ),
            Refusal.TOO_SLOW: _render_error_page(
                "408 Request Timeout", "Too slow", "The request was not complete in time."
            ),
            Refusal.BODY_TOO_LARGE: _render_error_page(
                "413 Content Too Large", "Too large", "The body of the request is too large."
            ),
            Refusal.HEADERS_TOO_LARGE: _render_error_page(
                "431 Request Header Fields Too Large", "Too large", "The request's header is too large."
            ),
        }
        self.internal_error = _render_error_page(
            "500 Internal Server Error", "Something went wrong", "The request could not be answered. Try again later."
        )
        self.continue_100 = Response(head=b"HTTP/1.1 100 Continue\r\n")

    def set_date(self, now: datetime) -> None:
        """Set the ``Date`` header of the following responses (RFC 9110 section 6.6.1). Call it every second."""
        self.date_header = f"Date: {format_datetime(now, usegmt=True)}\r\n".encode()

    def redirect(self, location: str, headers: bytes = b"") -> Response:
        """Redirect with 302. Browsers cache 301, so that repeated clicks would never arrive.

        ``location`` is visible ASCII; each of the additional headers ends with CRLF.
        """
        return Response(head=self.redirect_head(location, headers))

    def redirect_head(self, location: str, headers: bytes = b"") -> bytes:
        """Head of `redirect`."""
        return self._redirect + location.encode("ascii") + b"\r\n" + headers

    def health(self, *, status: str, failed: int, buffered: int, dropped: int) -> Response:
        """Health of a worker and counts of its journal. Always 200: a worker that cannot record still redirects."""
        health = {"status": status, "failed": failed, "buffered": buffered, "dropped": dropped}
        body = msgspec.json.encode(health) + b"\n"
        return make_response("200 OK", "Content-Type: application/json\r\nCache-Control: no-store\r\n", body)

    def encode(self, response: Response, *, with_body: bool, close: bool) -> bytes:
        """Encode a response, for ``HEAD`` without its body; ``close`` announces the end of the connection."""
        return (
            response.head
            + self.date_header
            + (b"Connection: close\r\n\r\n" if close else b"\r\n")
            + (response.body if with_body else b"")
        )


def _render_error_page(status: str, title: str, text: str) -> Response:
    return make_response(
        status, _ERROR_PAGE_HEADERS, _ERROR_PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
    )


def make_response(status: str, headers: str, body: bytes) -> Response:
    """Make a response with a body; each header ends with CRLF."""
    return Response(head=f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n".encode(), body=body)

"""What landing pages ask of the edge: the script ``/e.js``, and ``/e``, which takes what it has to tell.

The script comes from another origin than the page, and needs no permission of CORS: it is a classic script, and its one
message is plain text that it waits for no answer to, which browsers send without asking first.
"""

from collections.abc import Sequence
from importlib import resources

from clicktrail.model.event import encode
from clicktrail.server.edge.responses import Response
from clicktrail.server.pipeline.engage import Engagements
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.redirect import Redirect, Request
from clicktrail.server.ports import Clock, Journal

__all__ = ["Beacon"]

_SCRIPT_PATH = "/e.js"
_TARGET_PATH = "/e"


class Beacon:
    """The landing pages' end of the edge."""

    def __init__(self, engagements: Engagements, *, journal: Journal, clock: Clock) -> None:
        self._engagements = engagements
        self._journal = journal
        self._clock = clock
        self._script = _script((resources.files("clicktrail.server.edge") / "e.js").read_bytes())
        self._taken = Response(head=b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n")

    def answer(self, request: Request, *, without: Sequence[Marked]) -> Response | None:
        """The answer at once, or None for what is no landing page's business. Of some recipients nothing is recorded.

        ``/e`` is answered alike whatever it is told, so that nobody learns from it which clicks there were; and before
        it is on disk, since no page waits for it: a crash loses some milliseconds of engagement, never a click.
        """
        if request.path == _SCRIPT_PATH and request.method in {"GET", "HEAD"}:
            return self._script
        if request.path == _TARGET_PATH and request.method == "POST":
            engagement = self._engagements.read(request, now=self._clock.now())
            if engagement and not any(engagement.recipient in marked for marked in without):
                self._journal.append(encode(engagement), lambda _committed: None)
            return self._taken
        return None

    def location(self, redirect: Redirect, *, hosts: tuple[str, ...]) -> str:
        """Where to send the reader, with what the landing page is to know, if its host is one of these."""
        return self._engagements.location(redirect, hosts=hosts)


def _script(text: bytes) -> Response:
    fields = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/javascript; charset=utf-8\r\n"
        "Cache-Control: public, max-age=3600\r\n"
        "Cross-Origin-Resource-Policy: cross-origin\r\n"  # for pages that demand it of all they load
        "X-Content-Type-Options: nosniff\r\n"
        f"Content-Length: {len(text)}\r\n"
    )
    return Response(head=fields.encode(), body=text)

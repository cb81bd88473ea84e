"""Send one HTTP request on an open connection, and read a bounded response."""

import asyncio

import httptools

from clicktrail.server.pipeline.web_facts import HttpAnswer

_MAX_RESPONSE_BYTES = 65_536
_READ_BYTES = 16_384
_MAX_BODY_BYTES = 4_096


class Response:
    """A response while it is parsed. `httptools` calls the methods.

    Attributes:
        headers: by lower-case name; of a repeated one, the first.
        body: its beginning.
    """

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_complete = False
        self._parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback: a header."""
        self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())

    def on_body(self, part: bytes) -> None:
        """Parser callback: the decoded body or a part of it."""
        self.body += part[: _MAX_BODY_BYTES - len(self.body)]

    def on_message_complete(self) -> None:
        """Parser callback: the response is complete."""
        self.is_complete = True

    def feed(self, data: bytes) -> None:
        """Parse received bytes.

        Raises:
            HttpParserError: not HTTP.
        """
        self._parser.feed_data(data)

    @property
    def status(self) -> int:
        """Status code; 0 before the status line."""
        return int(self._parser.get_status_code())

    @property
    def answer(self) -> HttpAnswer:
        """The response without its body."""
        return HttpAnswer(
            status=self.status, location=self.headers.get("location", ""), server=self.headers.get("server", "")
        )


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, host: str, path: str, timeout_s: float
) -> Response:
    """Request a path with GET.

    Args:
        reader: of an open connection.
        writer: of the same.
        host: value of ``Host``.
        path: path of the request.
        timeout_s: for the whole exchange, so that a slow server cannot prolong it.

    Raises:
        OSError: the connection broke, the answer is not HTTP, or it was not complete in time.
    """
    response = Response()
    try:
        async with asyncio.timeout(timeout_s):
            request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: clicktrail\r\nConnection: close\r\n\r\n"
            writer.write(request.encode("latin-1"))
            await writer.drain()
            size = 0
            while not response.is_complete and size < _MAX_RESPONSE_BYTES:
                data = await reader.read(_READ_BYTES)
                if not data:
                    break
                size += len(data)
                response.feed(data)
    except TimeoutError as error:
        if not response.status:
            raise OSError(f"no answer within {timeout_s:.0f} s") from error
    except httptools.HttpParserError as error:
        if not response.status:
            raise OSError("the answer is not HTTP") from error
    if not response.status:
        raise OSError("the connection was closed without an answer")
    return response

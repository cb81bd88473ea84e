from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.server.download import fetch_text


class _Lists(BaseHTTPRequestHandler):
    """A web server with one list."""

    def do_GET(self) -> None:
        """The list, one that does not end, a redirect, or nothing."""
        found = {"/list": 200, "/endless": 200, "/moved": 302}.get(self.path, 404)
        self.send_response(found)
        if found == 302:
            self.send_header("Location", "/list")
        self.end_headers()
        self.wfile.write(b"192.0.2.0/24\n")
        with suppress(OSError):  # whoever asked goes away in the middle
            while self.path == "/endless":
                self.wfile.write(bytes(2**20))

    def log_message(self, *_: object) -> None:
        """Nothing is said of requests."""


@contextmanager
def lists() -> Iterator[str]:
    """The address of a server of lists."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Lists) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_files_and_urls(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("192.0.2.0/24\n", encoding="utf-8-sig")
    with lists() as address:
        assert ["192.0.2.0/24\n"] * 2 == [fetch_text(str(tmp_path / "list")), fetch_text(f"{address}/list")]


def test_what_cannot_be_loaded() -> None:
    with lists() as address:
        with pytest.raises(ClicktrailError, match="404"):
            fetch_text(f"{address}/other")
        with pytest.raises(ClicktrailError, match="302") as refused:
            fetch_text(f"{address}/moved")
    assert "it redirects to /list" == refused.value.hint
    with pytest.raises(ClicktrailError, match="cannot download"):
        fetch_text(address)
    with pytest.raises(ClicktrailError, match="cannot download"):
        fetch_text("http://[")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError, match="No such file"):
        fetch_text(str(tmp_path / "missing"))
    (tmp_path / "list").write_bytes(b"\xff\xff")
    with pytest.raises(ClicktrailError, match="is not UTF-8"):
        fetch_text(str(tmp_path / "list"))


def test_what_does_not_end_is_given_up() -> None:
    with lists() as address, pytest.raises(ClicktrailError, match="larger than any list"):
        fetch_text(f"{address}/endless")

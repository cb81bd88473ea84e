from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.server.download import fetch_text


class _ListHandler(BaseHTTPRequestHandler):
    """A web server with a list of networks."""

    def do_GET(self) -> None:
        """Answer with a list, an endless list, a redirect, or 404."""
        status = {"/list": 200, "/endless": 200, "/moved": 302}.get(self.path, 404)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/list")
        self.end_headers()
        self.wfile.write(b"192.0.2.0/24\n")
        with suppress(OSError):  # the client disconnects
            while self.path == "/endless":
                self.wfile.write(bytes(2**20))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def list_server() -> Iterator[str]:
    """URL of a running server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _ListHandler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_file_and_url_are_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("192.0.2.0/24\n", encoding="utf-8-sig")
    with list_server() as url:
        assert [fetch_text(str(tmp_path / "list")), fetch_text(f"{url}/list")] == ["192.0.2.0/24\n"] * 2


def test_failed_download_is_an_error() -> None:
    with list_server() as url:
        with pytest.raises(ClicktrailError, match="404"):
            fetch_text(f"{url}/other")
        with pytest.raises(ClicktrailError, match="302") as caught:
            fetch_text(f"{url}/moved")
    assert caught.value.hint == "it redirects to /list"
    with pytest.raises(ClicktrailError, match="cannot download"):
        fetch_text(url)
    with pytest.raises(ClicktrailError, match="cannot download"):
        fetch_text("http://[")


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError, match="No such file"):
        fetch_text(str(tmp_path / "missing"))
    (tmp_path / "list").write_bytes(b"\xff\xff")
    with pytest.raises(ClicktrailError, match="is not UTF-8"):
        fetch_text(str(tmp_path / "list"))


def test_endless_download_is_aborted() -> None:
    with list_server() as url, pytest.raises(ClicktrailError, match="larger than any list"):
        fetch_text(f"{url}/endless")

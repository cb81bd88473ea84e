"""Get a text from where an operator says that it is: a file, or a URL."""

from pathlib import Path

import httpx2

from clicktrail.errors import ClicktrailError

__all__ = ["fetch_text"]

_TIMEOUT_S = 30
_MAX_BYTES = 64 * 2**20
"""Bytes; the longest list of networks that anybody publishes has a few million."""


def fetch_text(path_or_url: str) -> str:
    """The text of a file or, where it begins with ``http://`` or ``https://``, of what a GET finds there.

    Raises:
        ClicktrailError: there is none, it is no UTF-8, or what a URL has is larger than any list.
    """
    try:
        if path_or_url.startswith(("http://", "https://")):
            return _download(path_or_url).decode("utf-8-sig")
        return Path(path_or_url).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClicktrailError(f"{path_or_url} is no text in UTF-8") from error
    except OSError as error:
        raise ClicktrailError(f"cannot read {path_or_url}: {error.strerror}") from error


def _download(url: str) -> bytes:
    read = bytearray()
    try:
        with httpx2.stream("GET", url, timeout=_TIMEOUT_S) as response:
            if response.status_code != httpx2.codes.OK:
                hint = f"it says to ask {response.headers['location']}" if "location" in response.headers else ""
                raise ClicktrailError(f"{url} answered {response.status_code}", hint=hint)
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > _MAX_BYTES:
                    raise ClicktrailError(f"{url} is larger than any list of networks")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ClicktrailError(f"cannot load {url}: {error}") from error
    return bytes(read)

"""Read a list of networks from a file or a URL."""

from pathlib import Path

import httpx2

from clicktrail.errors import ClicktrailError

_TIMEOUT_S = 30
_MAX_BYTES = 64 * 2**20
"""The longest published list of networks has a few million bytes."""


def fetch_text(path_or_url: str) -> str:
    """Read a file in UTF-8 or, if the name begins with ``http://`` or ``https://``, download it.

    Raises:
        ClicktrailError: reading failed, the text is not UTF-8, or a download is larger than any list of networks.
    """
    try:
        if path_or_url.startswith(("http://", "https://")):
            return _download(path_or_url).decode("utf-8-sig")
        return Path(path_or_url).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClicktrailError(f"{path_or_url} is not UTF-8") from error
    except OSError as error:
        raise ClicktrailError(f"cannot read {path_or_url}: {error.strerror}") from error


def _download(url: str) -> bytes:
    content = bytearray()
    try:
        with httpx2.stream("GET", url, timeout=_TIMEOUT_S) as response:
            if response.status_code != httpx2.codes.OK:
                location = response.headers.get("location")
                raise ClicktrailError(
                    f"{url} answered {response.status_code}", hint=f"it redirects to {location}" if location else ""
                )
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise ClicktrailError(f"{url} is larger than any list of networks")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ClicktrailError(f"cannot download {url}: {error}") from error
    return bytes(content)

"""The request that ``wrk.lua`` sends, as bytes: a GET with the headers of Chrome in web mail."""

from typing import Final

_USER_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
_ACCEPT: Final = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
_HEADERS: Final = (
    "Host: 127.0.0.1:8080",
    'sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Windows"',
    "Upgrade-Insecure-Requests: 1",
    f"User-Agent: {_USER_AGENT}",
    f"Accept: {_ACCEPT}",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-User: ?1",
    "Sec-Fetch-Dest: document",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
)


def encode_browser_request(token: str) -> bytes:
    """Encode a request for a tracking URL."""
    return "\r\n".join([f"GET /{token} HTTP/1.1", *_HEADERS, "", ""]).encode()

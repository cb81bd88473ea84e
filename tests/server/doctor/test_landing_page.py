"""Landing pages on a local web server, with planted faults."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import pytest

from clicktrail.server.doctor.landing_page import diagnose_landing_page, fetch_landing_page, select_pages

UTM: Final = "utm_source=email&utm_medium=newsletter&utm_campaign=winter"
GOOD: Final = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'


class WebServer:
    """Answers each path with a page, or with a redirect if the answer begins with ``->``."""

    def __init__(self, answers: Mapping[str, str], *, headers: str = "") -> None:
        self._answers = answers
        self._headers = headers
        self.requests: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            self.requests.append(target)
            answer = self._answers.get(target.partition("?")[0])
            if answer is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            elif answer.startswith("->"):
                location = answer[2:].format(query=target.partition("?")[2], url=self.url)
                writer.write(f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{self._headers}Connection: close\r\n\r\n"
                writer.write((head + answer).encode())
            await writer.drain()


@contextlib.asynccontextmanager
async def web_server(answers: Mapping[str, str], *, headers: str = "") -> AsyncIterator[WebServer]:
    web = WebServer(answers, headers=headers)
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
    web.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield web


async def find_codes(url: str) -> list[str]:
    findings = list(diagnose_landing_page(await asyncio.to_thread(fetch_landing_page, url)))
    assert all(finding.message and finding.hint for finding in findings)
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (GOOD, []),
        ("<h1>Boots</h1>", ["landing-page-without-analytics"]),
        (f"<!-- {GOOD} -->", ["landing-page-without-analytics"]),
        ("<script>var _paq = window._paq || [];</script>", ["matomo-campaign-plugin"]),
        ('<script src="//stats.example/matomo.js"></script>', ["matomo-campaign-plugin"]),
        ("<script>_paq.push(['setCampaignNameKey', 'c']);</script>", ["matomo-other-parameters"]),
        ("<script>_paq.push(['setCampaignNameKey', ['c', 'utm_campaign']]);</script>", ["matomo-campaign-plugin"]),
        ('<script src="/x.js" data-website-id="1" data-exclude-search="true"></script>', ["umami-excludes-search"]),
        ("<script src='/x.js' DATA-WEBSITE-ID=1 data-exclude-search=TRUE></script>", ["umami-excludes-search"]),
        ('<script src="/x.js" data-website-id="1"></script>', []),
        (
            '<script data-domain="a.example" data-exclude="/blog/*, /b*" src="https://plausible.io/js/script.js"></script>',
            ["plausible-excludes-page"],
        ),
        ('<script data-exclude="/blog/*" src="https://plausible.io/js/script.js"></script>', []),
        (
            '<script data-include="/blog/**" src="https://plausible.io/js/script.js"></script>',
            ["plausible-excludes-page"],
        ),
    ],
)
async def test_analytics_of_the_page(page: str, expected: list[str]) -> None:
    async with web_server({"/boots": f"<!doctype html><head>{page}</head>"}) as web:
        assert await find_codes(f"{web.url}/boots?{UTM}") == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("default-src 'self'", ["analytics-blocked"]),
        ("script-src 'self' https://www.googletagmanager.com; connect-src 'self'", ["analytics-blocked"]),
        ("script-src https://*.googletagmanager.com; connect-src https://*.google-analytics.com", []),
        ("default-src https:", []),
        ("script-src 'nonce-abc'; connect-src *", []),
        ("img-src 'self'", []),
    ],
)
async def test_analytics_that_the_pages_policy_forbids(policy: str, expected: list[str]) -> None:
    async with web_server({"/": GOOD}, headers=f"Content-Security-Policy: {policy}\r\n") as web:
        assert await find_codes(f"{web.url}/?{UTM}") == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"/a": "->/a/?{query}", "/a/": GOOD}, []),
        ({"/a": "->/a/", "/a/": GOOD}, ["utm-lost-in-redirect"]),
        ({"/a": "->/b?{query}", "/b": GOOD}, ["landing-page-redirects"]),
        ({"/a": "->{url}/b", "/b": GOOD}, ["utm-lost-in-redirect", "landing-page-redirects"]),
        ({"/a": "->/a"}, ["landing-page-unreachable"]),
        ({"/a": "->/gone?{query}"}, ["landing-page-fails"]),
        ({"/a": "->http://[/"}, ["landing-page-unreachable"]),
    ],
)
async def test_redirects_of_the_site(answers: Mapping[str, str], expected: list[str]) -> None:
    async with web_server(answers) as web:
        assert await find_codes(f"{web.url}/a?{UTM}") == expected


async def test_other_host_is_not_fetched() -> None:
    async with web_server({"/": GOOD}) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        async with web_server({"/": f"->{target}/?{{query}}"}) as web:
            assert await find_codes(f"{web.url}/?{UTM}") == ["landing-page-redirects"]
            assert len(web.requests) == 1
    assert other.requests == []


async def test_site_that_is_down() -> None:
    async with web_server({}) as web:
        url = web.url
    assert await find_codes(url) == ["landing-page-unreachable"]


async def test_large_page_is_cut_off() -> None:
    async with web_server({"/": GOOD + "x" * 5_000_000}) as web:
        page = await asyncio.to_thread(fetch_landing_page, web.url)
    assert len(page.html) == 2_000_000


def test_one_page_of_each_host_is_fetched() -> None:
    urls = [f"https://{host}.example/{path}" for path in "ab" for host in "stuvwxyz"]
    assert select_pages(["mailto:a@b.example", *urls]) == [f"https://{host}.example/a" for host in "stuvw"]

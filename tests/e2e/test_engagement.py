"""A click in a mail, the redirect, and a landing page with the script, in a real browser."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from clicktrail.model.event import AnyEvent, Click, Engagement, decode_event
from clicktrail.tokens import SealedLink, seal_token
from tests.support.chromium import chromium, needs_chromium
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import RunningServer, running_server, wait_for_report

PAGE = """\
<!doctype html>
<title>Boots</title>
<script src="{edge}/e.js"></script>
<script>
console.log(location.href) // what analytics would take down
setTimeout(() => console.log("looked"), 1500)
</script>
<body style="height: 300vh">Boots</body>
"""


async def _press(page: Page) -> None:
    await page.mouse.click(20, 20)


async def _nothing(_page: Page) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who follows a link.

    Attributes:
        name: the id of the message that the link is in.
        act: what they do on the landing page.
        headers: what their browser sends with every request.
        script: what runs in their browser.
    """

    name: str
    act: Callable[[Page], Awaitable[None]] = _nothing
    headers: Mapping[str, str] = field(default_factory=dict)
    script: str = ""


PERSONS = [
    Visitor(name="pointer", act=_press),
    Visitor(name="key", act=lambda page: page.keyboard.press("PageDown")),
    Visitor(name="wheel", act=lambda page: page.mouse.wheel(0, 200)),
]
SCRIPT = Visitor(
    name="script",
    script="""\
addEventListener("load", () => {
  for (const kind of ["pointerdown", "keydown", "wheel"]) dispatchEvent(new Event(kind))
  document.body.click()
  scrollTo(0, 1000)
})
""",
)
OBJECTORS = [
    Visitor(name="Sec-GPC", act=_press, headers={"Sec-GPC": "1"}),
    Visitor(name="DNT", act=_press, headers={"DNT": "1"}),
    *(
        Visitor(
            name=name,
            act=_press,
            script=f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})",
        )
        for name, value in (("globalPrivacyControl", "true"), ("doNotTrack", "'1'"))
    ),
]


@asynccontextmanager
async def site(edge: str) -> AsyncIterator[str]:
    """A shop whose pages all have the script of an edge; its origin."""
    body = PAGE.format(edge=edge).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a browser opens connections that it has no use for
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def visit(visitor: Visitor, browser: Browser, running: RunningServer, destination: str) -> None:
    """Click on a link in a mail, arrive, do something, have the page in view for longer than need be, and leave it.

    The page is asked nothing: Playwright would take itself for a person, and activate it.
    """
    sealed = SealedLink(
        destination=destination,
        message_id=visitor.name,
        recipient=f"{visitor.name}@example.org",
        campaign="spring",
        position=0,
        link_count=1,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    context = await browser.new_context(extra_http_headers=dict(visitor.headers))
    await context.add_init_script(visitor.script)
    page = await context.new_page()
    await page.set_content(f'<a href="{running.edge}/{seal_token(running.ring, sealed)}">Boots</a>')
    async with page.expect_console_message(lambda message: message.text == "looked"):
        async with page.expect_console_message() as measured:
            await page.click("a")
        assert [destination, destination] == [page.url, (await measured.value).text]
        await visitor.act(page)
    await page.goto("about:blank")


def events(folder: Path) -> list[AnyEvent]:
    """What the journal of a data folder has."""
    return [decode_event(line) for line in read_journal_lines(folder / "data" / "journal")]


async def engagements(folder: Path, count: int) -> dict[str, Engagement]:
    """What landing pages told, by message, once they told so many things; what they told until then after 10 s."""
    told: list[Engagement] = []
    async with asyncio.timeout(10):
        while len(told) < count:
            await asyncio.sleep(0.05)
            told = [event for event in events(folder) if isinstance(event, Engagement)]
    return {event.message_id: event for event in told}


@pytest.fixture(autouse=True)
def own_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop is the sender's own."""
    monkeypatch.setenv("CLICKTRAIL_ENGAGEMENT_HOSTS", "127.0.0.1")


@needs_chromium
async def test_persons_are_told_from_scripts(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running, site(running.edge) as shop, chromium() as browser:
        for visitor in [*PERSONS, SCRIPT]:
            await visit(visitor, browser, running, f"{shop}/boots?size=42")
        told = await engagements(tmp_path, len(PERSONS) + 1)
        report = await wait_for_report(running, "spring", clicks=len(PERSONS) + 1)
    clicks = {event.message_id: event.id for event in events(tmp_path) if isinstance(event, Click)}
    assert {visitor.name: "engaged" for visitor in PERSONS} | {"script": "loaded"} == {
        name: event.kind for name, event in told.items()
    }
    assert clicks == {name: event.click_id for name, event in told.items()}
    assert all(event.dwell_ms >= 1_000 for event in told.values())
    assert told["pointer"].scroll_pct == 33
    assert (len(clicks), len(PERSONS)) == (report["clicks"]["total"], report["unique"]["engaged"])


@needs_chromium
async def test_nothing_is_told_of_who_asks_for_privacy(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running, site(running.edge) as shop, chromium() as browser:
        for visitor in [*OBJECTORS, Visitor(name="anybody", act=_press)]:
            await visit(visitor, browser, running, f"{shop}/")
        await engagements(tmp_path, 1)
    told = await engagements(tmp_path, 1)
    assert list(told) == ["anybody"]

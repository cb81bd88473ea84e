"""A click, the redirect and a landing page with the script, in a real browser."""

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
from tests.support.waiting import wait_until

PAGE = """\
<!doctype html>
<title>Boots</title>
<script src="{edge}/e.js"></script>
<script>
console.log(location.href) // what web analytics would record
setTimeout(() => console.log("visible for 1.5 s"), 1500)
</script>
<body style="height: 300vh">Boots</body>
"""


async def press_mouse(page: Page) -> None:
    await page.mouse.click(20, 20)


async def do_nothing(_page: Page) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A person or a script that follows a link.

    Attributes:
        name: id of the message with the link.
        act: actions on the landing page.
        headers: additional headers of every request.
        script: script that runs in every page.
    """

    name: str
    act: Callable[[Page], Awaitable[None]] = do_nothing
    headers: Mapping[str, str] = field(default_factory=dict)
    script: str = ""


PEOPLE = [
    Visitor(name="pointer", act=press_mouse),
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
PRIVATE_VISITORS = [
    Visitor(name="Sec-GPC", act=press_mouse, headers={"Sec-GPC": "1"}),
    Visitor(name="DNT", act=press_mouse, headers={"DNT": "1"}),
    *(
        Visitor(
            name=name,
            act=press_mouse,
            script=f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})",
        )
        for name, value in (("globalPrivacyControl", "true"), ("doNotTrack", "'1'"))
    ),
]


@asynccontextmanager
async def running_shop(edge: str) -> AsyncIterator[str]:
    """Run a site whose pages have the edge's script; yields its origin."""
    body = PAGE.format(edge=edge).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def serve_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # browsers open connections in advance and close them unused
        finally:
            writer.close()

    async with await asyncio.start_server(serve_page, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def visit(visitor: Visitor, browser: Browser, server: RunningServer, destination: str) -> None:
    """Click a link in a message, act on the landing page, keep it visible long enough to be measured, and leave it.

    Nothing is evaluated in the page: Playwright's evaluation counts as user activation.
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
    # Headless Chromium names itself in both. A program that names itself is no person, whatever it does on the page.
    version = browser.version.partition(".")[0]
    chrome = f"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    agent = f"Mozilla/5.0 (X11; Linux x86_64) {chrome}"
    hints = {"Sec-CH-UA": f'"Chromium";v="{version}", "Google Chrome";v="{version}"'}
    context = await browser.new_context(user_agent=agent, extra_http_headers={**hints, **visitor.headers})
    await context.add_init_script(visitor.script)
    page = await context.new_page()
    await page.set_content(f'<a href="{server.edge}/{seal_token(server.ring, sealed)}">Boots</a>')
    async with page.expect_console_message(lambda message: message.text == "visible for 1.5 s"):
        async with page.expect_console_message() as logged_message:
            await page.click("a")
        assert [page.url, (await logged_message.value).text] == [destination, destination]
        await visitor.act(page)
    await page.goto("about:blank")


def read_events(folder: Path) -> list[AnyEvent]:
    return [decode_event(line) for line in read_journal_lines(folder / "data" / "journal")]


async def wait_for_engagements(folder: Path, count: int) -> dict[str, Engagement]:
    """Engagements by message id, once there are this many."""

    async def read_engagements() -> list[Engagement]:
        return [event for event in read_events(folder) if isinstance(event, Engagement)]

    engagements = await wait_until(read_engagements, lambda events: len(events) >= count)
    return {event.message_id: event for event in engagements}


@pytest.fixture(autouse=True)
def own_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTRAIL_ENGAGEMENT_HOSTS", "127.0.0.1")


@needs_chromium
async def test_people_are_engaged_and_scripts_are_not(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, running_shop(server.edge) as shop, chromium() as browser:
        for visitor in [*PEOPLE, SCRIPT]:
            await visit(visitor, browser, server, f"{shop}/boots?size=42")
        engagements = await wait_for_engagements(tmp_path, len(PEOPLE) + 1)
        report = await wait_for_report(server, "spring", clicks=len(PEOPLE) + 1)
    click_ids = {event.message_id: event.id for event in read_events(tmp_path) if isinstance(event, Click)}
    kinds = {name: event.kind for name, event in engagements.items()}
    assert kinds == {visitor.name: "engaged" for visitor in PEOPLE} | {"script": "loaded"}
    assert {name: event.click_id for name, event in engagements.items()} == click_ids
    assert all(event.dwell_ms >= 1_000 for event in engagements.values())
    assert engagements["pointer"].scroll_pct == 33
    assert (report["clicks"]["total"], report["unique"]["engaged"]) == (len(click_ids), len(PEOPLE))


@needs_chromium
async def test_visitors_with_privacy_signals_are_not_measured(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, running_shop(server.edge) as shop, chromium() as browser:
        for visitor in [*PRIVATE_VISITORS, Visitor(name="no signal", act=press_mouse)]:
            await visit(visitor, browser, server, f"{shop}/")
        await wait_for_engagements(tmp_path, 1)
    assert list(await wait_for_engagements(tmp_path, 1)) == ["no signal"]

"""The page of `clicktrail audit --html`, as text and in Chromium."""

import re
from functools import partial
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail.audit import judge_messages
from clicktrail.audit.summary import AuditCounter, AuditSummary
from clicktrail.cli.audit_page import build_page
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent
from tests.support.chromium import chromium, needs_chromium
from tests.support.command_line import run_clicktrail
from tests.support.events import AZURE_IP, BARRACUDA_IP, CONTEXT, click, delivered, sent
from tests.support.paths import CASES

JUDGE = partial(judge, context=CONTEXT)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&]]>\x1b[31m\u202e{{7*7}}"
INJECTION = CASES / "clicks" / "cli" / "injection.csv"


def summarize(name: str = "spring", *, count: int = 30) -> AuditSummary:
    """An audit whose campaigns, domains, links and agents contain this name."""
    events: list[AnyEvent] = []
    for number in range(count):
        message: list[AnyEvent] = [
            sent(links=3),
            delivered(2),
            replace(click(40, ip=BARRACUDA_IP), url=f"https://shop.example/{name}/{number}"),
            replace(click(41, ip=BARRACUDA_IP, id="u"), url=f"https://shop.example/unsubscribe/{name}"),
            click(42, agent=f"curl/8.5 {name}", id="c"),
        ]
        if number % 3 < 2:
            message.append(click(5_000, ip=AZURE_IP if number % 3 else "192.0.2.7"))
        events += (
            replace(
                event,
                id=f"{number}-{event.id}",
                message_id=f"m{number}",
                recipient=f"p{number}@{name}{number % 20}.example",
                campaign=f"{name} {number % 3}",
            )
            for event in message
        )
    return AuditCounter(CONTEXT).count(judge_messages(events, JUDGE, {}), notes=[f"note on {name}"])


def build(summary: AuditSummary, *files: str) -> str:
    return build_page(summary, files or ("log.jsonl",), CONTEXT.rules)


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_shows_what_the_terminal_shows() -> None:
    summary = summarize()
    text = Reader(build(summary, "folder/november.csv", "b", "c", "d", "e")).text
    for shown in (
        summary.headline,
        "november.csv, b, c, 2 more",
        "clicks of 23 November 2026",
        "Total",
        "spring 0",
        "Email Gateway Defense",
        "Scanners: ",
        "Recipients' domains",
        "8 others",
        "Links to unsubscribe",
        "shop.example/unsubscribe/spring",
        "What to do next",
        *summary.next_steps,
        "Note on spring.",
        "The click came from the network of a company that scans mail.",
    ):
        assert shown in text
    assert "folder" not in text


def test_page_names_no_recipient() -> None:
    page = build(summarize())
    assert "@spring" not in page
    assert "p7" not in page


def test_nothing_in_the_data_becomes_markup() -> None:
    ordinary, hostile = Reader(build(summarize())), Reader(build(summarize(HOSTILE), HOSTILE))
    assert hostile.tags == ordinary.tags
    assert hostile.attributes == ordinary.attributes
    assert "<script>alert(1)</script>" in hostile.text
    assert not re.search("[\x1b\u202e]", hostile.text)


def test_page_is_self_contained() -> None:
    page = build(summarize())
    reader = Reader(page)
    assert reader.tags.isdisjoint({"script", "link", "img", "iframe", "a", "form", "object", "embed", "base"})
    assert reader.attributes.isdisjoint({"src", "href", "srcset", "style", "onclick", "onload"})
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("count", [0, 1])
def test_page_of_little_data(count: int) -> None:
    summary = summarize(count=count)
    assert summary.headline in Reader(build(summary)).text


def test_what_is_unknown_is_shown_as_unknown() -> None:
    blank = replace(click(ip="", agent=""), esp="klaviyo")
    events = [replace(blank, id=f"{number}", message_id=f"m{number}") for number in range(3)]
    text = Reader(build(AuditCounter(CONTEXT).count(judge_messages(events, JUDGE, {})))).text
    assert "3 clickers; how many of them are people is unknown, and so are click rates." in text
    assert "of them peopleunknown" in text
    assert "springunknown3unknownunknownunknown" in text


@pytest.mark.skipif(not INJECTION.exists(), reason=f"{INJECTION} is absent")
def test_injection_case(tmp_path: Path) -> None:
    result = run_clicktrail("audit", str(INJECTION), "--html", "page.html", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    reader = Reader((tmp_path / "page.html").read_text("utf-8"))
    assert "=HYPERLINK" in reader.text
    assert "[red]" in reader.text
    assert reader.text.replace("\n", "").isprintable()
    assert "script" not in reader.tags


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_fits_its_window(tmp_path: Path, width: int, scheme: str) -> None:
    requests: list[str] = []
    messages: list[str] = []
    (tmp_path / "page.html").write_text(build(summarize(f"{HOSTILE} {'long-name-' * 20}")), "utf-8")
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        await page.goto(f"file://{tmp_path}/page.html")
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await page.locator("h1").is_visible()
    assert requests == [f"file://{tmp_path}/page.html"]
    assert messages == []


@needs_chromium
async def test_page_is_accessible(tmp_path: Path) -> None:
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    (tmp_path / "page.html").write_text(build(summarize()), "utf-8")
    async with chromium() as browser:
        for scheme in ("light", "dark"):
            page = await browser.new_page(bypass_csp=True, color_scheme=scheme)
            await page.goto(f"file://{tmp_path}/page.html")
            await page.locator("details").evaluate_all("all => all.forEach(details => details.open = true)")
            await page.evaluate(axe)
            results = await page.evaluate("axe.run({resultTypes: ['violations']})")
            assert [(row["id"], row["nodes"][0]["html"]) for row in results["violations"]] == []


@needs_chromium
async def test_page_is_printed_in_light_colours_and_within_the_paper(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(build(summarize()), "utf-8")
    async with chromium() as browser:
        page = await browser.new_page(color_scheme="dark", viewport={"width": 670, "height": 950})  # A4 less margins
        await page.goto(f"file://{tmp_path}/page.html")
        await page.emulate_media(media="print", color_scheme="dark")
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert await page.evaluate("document.documentElement.scrollWidth") == 670
        assert (await page.pdf()).startswith(b"%PDF")

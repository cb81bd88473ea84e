"""Test fixtures of other autolinkers."""

import ast
import html
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

import ada_url
import pytest

from clicktrail.rewrite.text_links import find_links
from tests.support.paths import CORPUS

AUTOLINK = CORPUS / "autolink"
LINKIFY = AUTOLINK / "markdown-it+linkify-it" / "test" / "fixtures"
BLEACH = AUTOLINK / "mozilla+bleach" / "tests" / "data"
TWITTER = AUTOLINK / "twitter+twitter-text" / "conformance"

SECTION = re.compile(r"(?m)^  (\w+):\n((?:(?:    .*)?\n)+)")
CASE = re.compile(r"(?m)^      text: +(.*)\n      expected:(.*\n(?:        .*\n)*)")

pytestmark = pytest.mark.skipif(not AUTOLINK.is_dir(), reason=f"the fixtures of linkers are not at {AUTOLINK}")


class Fixture(NamedTuple):
    """File and line of a fixture, its text, and the http and https links that are expected in it."""

    location: str
    text: str
    expected: list[str]


REJECTED: Mapping[str, str] = {
    "not_links.txt:6": "A browser opens it: an empty label is no error of a URL.",
    "not_links.txt:7": "A browser opens it: hosts with a hyphen in front exist.",
    "not_links.txt:18": "An underscore in front is Markdown's emphasis.",
    "not_links.txt:21": "A browser opens it: an underscore may end a host.",
    "extract.yml:276": "Only a list of all top-level domains shows that the host ends within a label.",
    "extract.yml:296": "Hosts of an intranet have no top-level domain.",
    "extract.yml:300": "A list of all top-level domains grows old; a browser opens it.",
    "extract.yml:312": "A browser opens it, and the domain may exist some day.",
    "extract.yml:360": "A path may be Japanese and end before a full stop; the other two links are as expected.",
    "extract.yml:368": "A label that DNS cannot hold is left to the browser.",
    "extract.yml:380": "A browser opens it: hosts with underscores exist.",
    "extract.yml:424": "A browser opens it: hosts with a hyphen in front exist.",
    "extract.yml:428": "A browser opens it, though the domain cannot exist.",
    "extract.yml:432": "A browser opens it: hosts with a hyphen at a label's end exist.",
    "extract.yml:436": "A browser opens it, though the domain cannot exist.",
    "extract.yml:440": "A browser opens it: hosts with underscores exist.",
    "extract.yml:444": "A browser opens it, though the domain cannot exist.",
    "extract.yml:448": "A browser opens it: hosts with underscores exist.",
    "extract.yml:452": "A browser opens it, though the domain cannot exist.",
    "extract.yml:456": "A browser opens it, though the domain cannot exist.",
    "extract.yml:460": "A browser opens it, though the domain cannot exist.",
    "extract.yml:464": "A browser opens it, though the domain cannot exist.",
    "extract.yml:468": "A browser opens it, though no top-level domain has underscores.",
    "extract.yml:610": "The same text as in line 360.",
    "extract.yml:626": "Only for Twitter's own short links is it known which characters they never have.",
    "autolink.yml:484": "A browser opens it: an exclamation mark is no error of a host.",
    "autolink.yml:488": "A browser opens it, though the domain cannot exist.",
    "autolink.yml:560": "What looks like a user's name on Twitter is none in mail.",
    "autolink.yml:680": "An at sign may end a path; the attack behind the quotation mark stays outside.",
    "autolink.yml:720": "What looks like a stock's symbol on Twitter is none in mail.",
}
"""Reasons for not meeting an expectation, by file and line."""


def linkify(name: str) -> Iterator[Fixture]:
    """Fixtures of linkify-it: a text, and in the next line the expected link unless it is the whole text."""
    lines = (LINKIFY / name).read_text("utf-8").splitlines()
    texts = {number: re.sub(r"\s+(%|//) .*", "", line) for number, line in enumerate(lines, start=1) if line[:1] != "%"}
    for number, text in texts.items():
        if name == "not_links.txt":
            yield Fixture(f"{name}:{number}", text, [])
        elif text and not texts.get(number - 1):
            yield Fixture(f"{name}:{number}", text, keep_http([texts.get(number + 1) or text]))


def twitter(name: str, link: str) -> Iterator[Fixture]:
    """Fixtures of twitter-text about URLs, read from YAML."""
    content = (TWITTER / name).read_text("utf-8")
    for section in SECTION.finditer(content):
        for case in CASE.finditer(content, *section.span(2)) if "urls" in section[1] else ():
            number = content.count("\n", 0, case.start()) + 1
            yield Fixture(f"{name}:{number}", ast.literal_eval(case[1]), keep_http(re.findall(link, case[2])))


def bleach() -> Iterator[Fixture]:
    """Fixtures of bleach: hostile markup without links."""
    for path in BLEACH.glob("*.test"):
        yield Fixture(path.name, path.read_text("utf-8").partition("\n--\n")[0], [])


def keep_http(links: list[str]) -> list[str]:
    """Only links with http or https; others are guesses."""
    return [html.unescape(link) for link in links if re.match("https?://", link, re.IGNORECASE)]


def find_hrefs(text: str) -> list[str]:
    """Links of a text that a browser would open."""
    return [link.href for link in find_links(text) if ada_url.check_url(link.href)]


def test_fixtures_of_other_linkers(summarize: Callable[[str], None]) -> None:
    met, missed = 0, set[str]()
    for fixture in chain(
        linkify("links.txt"),
        linkify("not_links.txt"),
        twitter("extract.yml", r'"(http[^"]*)"'),
        twitter("autolink.yml", r'href=\\?"(http[^"\\]*)'),
        bleach(),
    ):
        if fixture.expected == find_hrefs(fixture.text):
            met += 1
        else:
            missed.add(fixture.location)
    summarize(f"{met} texts as other linkers expect, {len(missed)} expectations rejected")
    assert REJECTED.keys() == missed

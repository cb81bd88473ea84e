"""What other linkers' own fixtures expect, and how much of it we find."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import ada_url
import pytest

from clicktrail.rewrite.text import find_links

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "autolink"
LINKIFY = CORPUS / "markdown-it+linkify-it" / "test" / "fixtures"
TWITTER = CORPUS / "twitter+twitter-text" / "conformance" / "extract.yml"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the fixtures of linkers are not at {CORPUS}")


Fixture = tuple[str, Sequence[str]]

REJECTED: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "a quoted reply is left alone": lambda text, _: text.startswith(">"),
    "a URL that a browser opens is a link, whatever its host is called": lambda _, expected: not expected,
    "a quotation mark ends a URL, or belongs to its sentence": lambda text, _: text.endswith(("'", '"')),
    "a URL goes on in the letters of every script": lambda text, _: not text.isascii(),
    "what Twitter knows of its own short links nobody else does": lambda text, _: "http://t.co/" in text,
}
"""Why an expectation is not ours, and which it concerns, by its text and its links; asked where we found others."""


def linkify(name: str) -> Iterator[Fixture]:
    """Fixtures of linkify-it: a text, and in the next line the link in it if it is not the whole text."""
    for block in re.split(r"\n\s*\n", (LINKIFY / name).read_text("utf-8")):
        lines = [line for line in block.splitlines() if line and not line.startswith("%")]
        for line in lines if name == "not_links.txt" else lines[:1]:
            text = re.sub(r"\s+(%|//) .*", "", line)
            yield text, [] if name == "not_links.txt" else [lines[1] if len(lines) > 1 else text]


def twitter() -> Iterator[Fixture]:
    """Fixtures of twitter-text: texts and links as JSON within YAML."""
    section = TWITTER.read_text("utf-8").partition("\n  urls:\n")[2]
    section = re.split(r"\n  \w+:\n", section)[0]
    for text, expected in re.findall(r'\n      text: (".*")\n      expected: (\[.*\])', section):
        yield json.loads(text), json.loads(expected)


def found(text: str) -> list[str]:
    """The links of a text, as far as a browser would open them."""
    return [link.href for link in find_links(text) if ada_url.check_url(link.href)]


def test_fixtures_of_other_linkers(tell: Callable[[str], None]) -> None:
    """We find what they expect of URLs with a scheme of the web; those without one are left, being guesses."""
    right, rejected, wrong = 0, Counter[str](), []
    for text, links in chain(linkify("links.txt"), linkify("not_links.txt"), twitter()):
        expected = [link for link in links if re.match("https?://", link, re.IGNORECASE)]
        if expected == found(text):
            right += len(expected)
        elif reason := next((reason for reason, concerns in REJECTED.items() if concerns(text, expected)), ""):
            rejected[reason] += 1
        else:
            wrong.append((text, expected, found(text)))
    tell(f"{right} links found as expected, {len(wrong)} texts wrong, rejected: {dict(rejected)}")
    assert [] == wrong
    assert right >= 127
    assert rejected.total() <= 31

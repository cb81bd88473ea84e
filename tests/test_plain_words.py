"""Prose uses the words of the field, not turns of phrase that make a reader stop."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PLAIN_WORDS = {
    "afresh": "again",
    "anew": "again",
    "anybody": "anyone",
    "as ever": "as usual",
    "as it is now": "current",
    "at hand": "available, cached",
    "be it": "whether",
    "by which": "(split the sentence)",
    "everybody": "everyone, all clients",
    "for good": "permanently",
    "for want of": "without",
    "go by": "use",
    "goes by": "uses",
    "heard": "received",
    "hears": "receives",
    "held against": "compared with",
    "hold against": "compare with",
    "however often": "any number of times",
    "in hand": "current",
    "in the place of": "instead of",
    "let go": "dropped, released",
    "lets go": "drops, releases",
    "long ago": "(say when)",
    "no affair of": "not used by",
    "nobody": "no one, nothing",
    "of which": "(split the sentence)",
    "of whom": "(split the sentence)",
    "once more": "again",
    "one's": "your",
    "oneself": "yourself",
    "somebody": "someone, a client",
    "speaks": "fires",
    "spoke": "fired",
    "stands": "is, applies, follows",
    "stood": "was",
    "tell apart": "distinguish",
    "tell of": "report",
    "tells": "shows, reports",
    "thereof": "of it",
    "to whom": "(split the sentence)",
    "told": "reported, recorded, given",
    "until now": "previously",
    "whatever": "any",
    "whereby": "(split the sentence)",
    "whoever": "the client, the caller",
    "whom": "(split the sentence)",
}
"""Phrases, each with what to write instead."""

PHRASE = re.compile(rf"(?i)\b(?:{'|'.join(sorted(map(re.escape, PLAIN_WORDS), key=len, reverse=True))})\b")
TEXTS = {".html", ".js", ".md", ".sql", ".toml"}
FILES = sorted(
    path
    for folder in (ROOT / "src", ROOT / "docs", ROOT / "bench")
    for path in folder.rglob("*")
    if path.suffix in {".py", *TEXTS} and path.name != "newsletter.html"  # a shop's prose
) + sorted(ROOT.glob("*.md"))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of prose: all of a text file, strings and comments of a Python module."""
    text = path.read_text("utf-8")
    if path.suffix in TEXTS:
        yield from enumerate(text.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT}:
            yield from enumerate(token.string.splitlines(), start=token.start[0])


def test_prose_uses_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: “{phrase[0]}”: {PLAIN_WORDS[phrase[0].lower()]}"
        for path in FILES
        for number, line in _lines(path)
        for phrase in PHRASE.finditer(line)
    ]
    assert found == []


@pytest.mark.parametrize("phrase", ["Nobody", "lets go", "one's"])
def test_a_phrase_is_found_in_a_sentence(phrase: str) -> None:
    assert PHRASE.search(f"A sentence with {phrase} in it.")

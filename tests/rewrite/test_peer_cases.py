"""What other projects' tests and bug reports expect of links in HTML."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clicktrail.rewrite.html import find_links
from tests.rewriting import POLICY

CASES = Path(__file__).parents[3] / "shared" / "corpus" / "peer_cases.jsonl"
TRACKED = {"html-track": True, "html-entity": True, "html-skip": False, "html-optout": False}
REJECTED = {
    '<a href="example.org">Test</a>': "A browser reads it as a relative path: the peer's guess leads elsewhere.",
    '<a href="www.replaced.com">test</a>': "The same: without a scheme there is no host.",
    '<blockquote class="gmail_quote">twst<a style="color: #aaa" href="http://untouched.com">asdad</a></blockquote>': (
        "A sender's newsletter quotes, too; replies are not what is tracked."
    ),
}

pytestmark = pytest.mark.skipif(not CASES.is_file(), reason=f"the cases of other projects are not at {CASES}")


def cases() -> Iterator[tuple[str, bool]]:
    """Markup with a link, and whether a peer expects it to be tracked."""
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        if case["kind"] in TRACKED and "<a" in case["input"].lower():
            yield case["input"], TRACKED[case["kind"]]


def test_links_are_tracked_or_not_as_peers_expect(tell: Callable[[str], None]) -> None:
    """All but the rejected expectations are met, and those are not."""
    missed: set[str] = set()
    met = 0
    for html, tracked in cases():
        judged = {POLICY.judge(link).reason == "tracked" for link in find_links(html)} or {False}
        if judged == {tracked}:
            met += 1
        else:
            missed.add(html)
    tell(f"{met} expectations met, {len(missed)} rejected")
    assert REJECTED.keys() == missed

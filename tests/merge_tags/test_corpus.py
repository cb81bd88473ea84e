"""The links of real mail in which merge tags are found are as many as the documentation says."""

import re
from collections.abc import Callable, Iterator

import pytest

from clicktrail.merge_tags import find_merge_tag
from clicktrail.rewrite import rewrite_html, rewrite_message
from tests.support.paths import CORPUS, ROOT
from tests.support.rewriting import REWRITER

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}")


def find_hrefs() -> Iterator[str]:
    for path in (CORPUS / "html").iterdir():
        html = path.read_bytes().decode("utf-8", "surrogateescape")
        yield from (link.href for link in rewrite_html(html, REWRITER).links)
    for path in (CORPUS / "eml").iterdir():
        yield from (link.href for link in rewrite_message(path.read_bytes(), REWRITER).links)


@pytest.mark.without_coverage
def test_documented_figures(summarize: Callable[[str], None]) -> None:
    urls = {href for href in find_hrefs() if re.match("https?://", href, re.IGNORECASE)}
    found = [url for url in urls if find_merge_tag(url)]
    page = (ROOT / "docs" / "reference" / "links.md").read_text("utf-8")
    figures = re.search(r"Of about (\d+) different URLs .* in (\d+)", page, re.DOTALL)
    summarize(f"{len(urls)} different URLs, {len(found)} with merge tags")
    assert figures
    assert len(urls) == pytest.approx(int(figures[1]), rel=0.05)
    assert len(found) == int(figures[2])

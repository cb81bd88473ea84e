"""The list of bench/text_links: lines of plain text, and the links that mail programs should see in them."""

import pytest

from bench.text_links.lines import Line, read_lines
from clicktrail.rewrite import rewrite_text
from tests.support.paths import ROOT
from tests.support.rewriting import REWRITER, replace_links

LINES = list(read_lines())


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text)
def test_links_are_as_mail_programs_see_them(line: Line) -> None:
    result = rewrite_text(line.text, REWRITER)
    assert [(link.href, link.reason) for link in result.links] == line.links
    assert replace_links(line.text, result.links) == result.text


def test_page_has_the_number_of_lines() -> None:
    page = (ROOT / "docs" / "reference" / "links.md").read_text("utf-8")
    assert f"\n{len(LINES)} lines, " in page
    assert f"\n| clicktrail | {len(LINES)} |" in page


def test_list_is_long_and_without_repetition() -> None:
    assert len(LINES) >= 300
    assert len({line.text for line in LINES}) == len(LINES)
    assert [line.text for line in LINES if not line.why] == []

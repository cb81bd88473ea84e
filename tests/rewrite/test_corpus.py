"""Real mail: only links change, and the links equal those of the standard's tokenizer."""

from collections.abc import Callable

import pytest

from clicktrail.rewrite import rewrite_html, rewrite_message
from tests.support import whatwg
from tests.support.invariants import check_body, decode_content, find_bodies, split_surroundings
from tests.support.paths import CORPUS
from tests.support.rewriting import REWRITER, replace_links

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}"),
    pytest.mark.timeout(600),
]


@pytest.mark.without_coverage
def test_html_of_real_mail(summarize: Callable[[str], None]) -> None:
    files = tracked = 0
    for path in sorted((CORPUS / "html").iterdir()):
        html = path.read_bytes().decode("utf-8", errors="surrogateescape")
        result = rewrite_html(html, REWRITER)
        assert whatwg.find_link_spans(html) == [(link.start, link.end) for link in result.links], path.name
        assert replace_links(html, result.links) == result.text, path.name
        files += 1
        tracked += sum(link.is_tracked for link in result.links)
    summarize(f"{files} HTML bodies, {tracked} links tracked")
    assert files
    assert tracked


@pytest.mark.without_coverage
def test_messages_of_real_mail(summarize: Callable[[str], None]) -> None:
    files = tracked = read = 0
    for path in sorted((CORPUS / "eml").iterdir()):
        raw = path.read_bytes()
        result = rewrite_message(raw, REWRITER)
        before, after = find_bodies(raw), find_bodies(result.raw)
        assert split_surroundings(raw, before) == split_surroundings(result.raw, after), path.name
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            links = [link for link in result.links if link.body_index == number]
            assert any(link.is_tracked for link in links) == (
                raw[old.start : old.end] != result.raw[new.start : new.end]
            )
            if links or not result.skip_reasons:
                check_body(decode_content(raw, old), decode_content(result.raw, new), old, links)
                read += 1
        files += 1
        tracked += sum(link.is_tracked for link in result.links)
    summarize(f"{files} messages, {read} bodies with links, {tracked} links tracked")
    assert files
    assert tracked

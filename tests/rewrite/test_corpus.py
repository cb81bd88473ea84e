"""Real mail: that nothing but links changes, and that the links are those that the standard's tokenizer finds."""

from collections.abc import Callable

import pytest

from clicktrail.rewrite import rewrite_html, rewrite_message
from tests.support import whatwg
from tests.support.invariants import bodies, check_body, content, surroundings
from tests.support.paths import CORPUS
from tests.support.rewriting import POLICY, replaced, tracking_url, untagged

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}"),
    pytest.mark.timeout(600),
]


def test_html_of_real_mail(tell: Callable[[str], None]) -> None:
    files = tracked = 0
    for path in sorted((CORPUS / "html").iterdir()):
        html = path.read_bytes().decode("utf-8", errors="surrogateescape")
        result = rewrite_html(html, policy=POLICY, tag=untagged, tracking_url=tracking_url)
        assert whatwg.links(html) == [(link.start, link.end) for link in result.links], path.name
        assert replaced(html, result.links) == result.text, path.name
        files += 1
        tracked += sum(link.tracked for link in result.links)
    tell(f"{files} HTML bodies, {tracked} links tracked")
    assert files
    assert tracked


def test_messages_of_real_mail(tell: Callable[[str], None]) -> None:
    files = tracked = read = 0
    for path in sorted((CORPUS / "eml").iterdir()):
        raw = path.read_bytes()
        result = rewrite_message(raw, policy=POLICY, tagger=lambda: untagged, tracking_url=tracking_url)
        before, after = bodies(raw), bodies(result.raw)
        assert surroundings(raw, before) == surroundings(result.raw, after), path.name
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            links = [link for link in result.links if link.body == number]
            assert any(link.tracked for link in links) == (raw[old.start : old.end] != result.raw[new.start : new.end])
            if links or not result.untouched:
                check_body(content(raw, old), content(result.raw, new), old, links)
                read += 1
        files += 1
        tracked += sum(link.tracked for link in result.links)
    tell(f"{files} messages, {read} bodies with links, {tracked} links tracked")
    assert files
    assert tracked

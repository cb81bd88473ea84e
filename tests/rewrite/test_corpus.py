"""Real mail: that nothing but links changes, and that the links are those that the standard's tokenizer finds."""

import base64
import quopri
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from clicktrail.model.link import Link, Part
from clicktrail.rewrite import rewrite_html, rewrite_message
from clicktrail.rewrite.charset import view
from clicktrail.rewrite.mime import Leaf, find_leaves
from tests import whatwg
from tests.rewriting import POLICY, replaced, tracking_url, untagged

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
DECODE: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}"),
    pytest.mark.timeout(600),
]


def test_html_of_real_mail(tell: Callable[[str], None]) -> None:
    """Every link that a browser or Outlook sees is found, and only tracked ones change."""
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
    """Between the bodies every byte stays; in the bodies, decoded by other code than ours, all but tracked links."""
    files = tracked = read = 0
    for path in sorted((CORPUS / "eml").iterdir()):
        raw = path.read_bytes()
        result = rewrite_message(raw, policy=POLICY, tag=untagged, tracking_url=tracking_url)
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


def bodies(raw: bytes) -> list[Leaf]:
    """The bodies of a message."""
    return [leaf for leaf in find_leaves(raw) if isinstance(leaf, Leaf)]


def surroundings(raw: bytes, leaves: Sequence[Leaf]) -> list[bytes]:
    """The bytes before, between and behind the bodies."""
    starts = [0, *(leaf.end for leaf in leaves)]
    ends = [*(leaf.start for leaf in leaves), len(raw)]
    return [raw[start:end] for start, end in zip(starts, ends, strict=True)]


def content(raw: bytes, leaf: Leaf) -> bytes:
    """A body without its transfer encoding, as the standard library decodes it."""
    return DECODE.get(leaf.transfer_encoding, bytes)(raw[leaf.start : leaf.end])


def check_body(before: bytes, after: bytes, leaf: Leaf, links: Sequence[Link]) -> None:
    """A body changed in its tracked links only, and in HTML its links are those that the standard finds."""
    seen = view(before, leaf.charset)
    assert seen is not None
    assert replaced(seen.text, links).encode(seen.codec) == after
    if leaf.part is Part.HTML:
        assert whatwg.links(seen.text) == [(link.start, link.end) for link in links]

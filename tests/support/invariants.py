"""What holds for every body and every message, whatever is in it."""

import base64
import dataclasses
import quopri
import re
from collections.abc import Callable, Sequence

from clicktrail.model.consent import Consent
from clicktrail.model.link import Link, Part
from clicktrail.rewrite import Placed, Rewritten, rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import RewrittenBody
from clicktrail.rewrite.encodings import view
from clicktrail.rewrite.mime import Leaf, find_leaves
from clicktrail.rewrite.policy import PlainText, Policy
from clicktrail.utm.tag import tag
from tests.support import whatwg
from tests.support.rewriting import POLICY, replaced, tracking_url, untagged

__all__ = ["bodies", "check_body", "check_html", "check_message", "check_text", "content", "surroundings"]

_NAMED = dataclasses.replace(POLICY, text=PlainText.NAMED)
_DENIED = POLICY.for_consent(Consent.DENIED)
_DECODE: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}
_NO_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n)")
_TRANSFER_FIELD = re.compile(rb"^Content-Transfer-Encoding:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def check_html(html: str) -> None:
    """Links are those that the standard finds, only tracked ones change, and a second pass changes nothing."""
    result = rewrite_html(html, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert whatwg.links(html) == [(link.start, link.end) for link in result.links]
    assert replaced(html, result.links) == result.text
    check_positions(result.links)
    again = rewrite_html(result.text, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert [link.url or link.href for link in result.links] == [link.href for link in again.links]
    assert result.text == again.text
    check_second_pass(rewrite_html, html, policy=_DENIED)


def check_text(text: str) -> None:
    """Links lie one behind the other, only tracked ones change, and a second pass changes nothing."""
    result = rewrite_text(text, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    assert replaced(text, result.links) == result.text
    ends = [0, *(link.end for link in result.links)]
    assert all(end <= link.start < link.end for end, link in zip(ends, result.links, strict=False))
    check_positions(result.links)
    assert result.text == rewrite_text(result.text, policy=POLICY, tag=untagged, tracking_url=tracking_url).text
    if text.isascii():  # beyond it a URL may run on into the text, and whatever is put behind it changes its end
        check_second_pass(rewrite_text, text, policy=_NAMED)


def check_second_pass(rewrite: Callable[..., RewrittenBody], body: str, *, policy: Policy) -> None:
    """A body that is rewritten already stays as it is."""
    once = rewrite(body, policy=policy, tag=with_utm, tracking_url=tracking_url).text
    assert once == rewrite(once, policy=policy, tag=with_utm, tracking_url=tracking_url).text


def with_utm(candidate: Candidate) -> str:
    """A parameter for every host, whose value needs quoting."""
    return tag(candidate.url, {"utm_source": "a&b"}, ["*"])


def check_message(raw: bytes) -> None:
    """Bytes between bodies stay, bodies change in their tracked links only, and a second pass changes nothing."""
    result = rewrite_message(raw, policy=POLICY, tagger=lambda: untagged, tracking_url=tracking_url)
    assert (result.tracked > 0) == (raw != result.raw)
    check_positions(result.links)
    check_bodies(raw, result)
    assert (
        result.raw == rewrite_message(result.raw, policy=POLICY, tagger=lambda: untagged, tracking_url=tracking_url).raw
    )


def check_positions(links: Sequence[Link]) -> None:
    """Positions count from 0 without a gap, and each link has its own position's URL."""
    positions = {link.position for link in links if link.position is not None}
    assert positions == set(range(len(positions)))
    for link in links:
        assert link.tracked == bool(link.url) == (link.position is not None)
        if link.position is not None:
            placed = Placed(destination=link.destination, position=link.position, links=len(positions), part=link.part)
            assert tracking_url(placed) == link.url


def check_bodies(raw: bytes, result: Rewritten) -> None:
    """Each body, decoded by other code than ours, changed in its tracked links only, and nothing beside bodies did.

    Where quoted-printable has an equals sign that is no escape, programs differ in what they read.
    """
    before, after = bodies(raw), bodies(result.raw)
    encoded_anew = [leaf.transfer_encoding for leaf in before] != [leaf.transfer_encoding for leaf in after]
    fields = _TRANSFER_FIELD if encoded_anew else re.compile(rb"(?!)")
    old, new = (
        [fields.sub(b"", piece) for piece in surroundings(message, leaves)]
        for message, leaves in ((raw, before), (result.raw, after))
    )
    assert old == new
    for number, (leaf, changed) in enumerate(zip(before, after, strict=True)):
        links = [link for link in result.links if link.body == number]
        if any(link.tracked for link in links):
            if leaf.transfer_encoding == "quoted-printable" and _NO_ESCAPE.search(raw, leaf.start, leaf.end):
                continue
            check_body(content(raw, leaf), content(result.raw, changed), leaf, links)
        else:
            assert raw[leaf.start : leaf.end] == result.raw[changed.start : changed.end]


def check_body(before: bytes, after: bytes, leaf: Leaf, links: Sequence[Link]) -> None:
    """A body changed in its tracked links only, and in HTML its links are those that the standard finds."""
    seen = view(before, leaf.charset)
    assert seen is not None
    assert replaced(seen.text, links).encode(seen.codec) == after
    if leaf.part is Part.HTML:
        assert whatwg.links(seen.text) == [(link.start, link.end) for link in links]


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
    return _DECODE.get(leaf.transfer_encoding, bytes)(raw[leaf.start : leaf.end])

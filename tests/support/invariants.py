"""Invariants of rewriting that hold for every body and every message."""

import base64
import dataclasses
import quopri
import re
from collections.abc import Callable, Sequence

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType, Link
from clicktrail.rewrite import NumberedLink, RewriteResult, rewrite_html, rewrite_message, rewrite_text
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import RewrittenBody
from clicktrail.rewrite.encodings import decode_text
from clicktrail.rewrite.mime import BodyPart, find_body_parts
from clicktrail.rewrite.policy import PlainTextMode, Policy
from clicktrail.utm.tag import add_utm_parameters
from tests.support import whatwg
from tests.support.rewriting import POLICY, REWRITER, build_rewriter, replace_links, tracking_url

_NAMED_TEXT_POLICY = dataclasses.replace(POLICY, plain_text=PlainTextMode.SHOW_HOST)
_DENIED_POLICY = POLICY.for_consent(Consent.DENIED)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}
_INVALID_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n)")
_TRANSFER_FIELD = re.compile(rb"^Content-Transfer-Encoding:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def check_html(html: str) -> None:
    """Links are those of the WHATWG tokenizer, only tracked links change, and a second pass changes nothing."""
    result = rewrite_html(html, REWRITER)
    assert whatwg.find_link_spans(html) == [(link.start, link.end) for link in result.links]
    assert replace_links(html, result.links) == result.text
    check_positions(result.links)
    again = rewrite_html(result.text, REWRITER)
    assert [link.replacement or link.href for link in result.links] == [link.href for link in again.links]
    assert result.text == again.text
    check_second_pass(rewrite_html, html, policy=_DENIED_POLICY)


def check_text(text: str) -> None:
    """Links do not overlap, only tracked links change, and a second pass changes nothing."""
    result = rewrite_text(text, REWRITER)
    assert replace_links(text, result.links) == result.text
    ends = [0, *(link.end for link in result.links)]
    assert all(end <= link.start < link.end for end, link in zip(ends, result.links, strict=False))
    check_positions(result.links)
    assert result.text == rewrite_text(result.text, REWRITER).text
    if text.isascii():  # a URL may continue with other characters, so text inserted after it can change its end
        check_second_pass(rewrite_text, text, policy=_NAMED_TEXT_POLICY)


def check_second_pass(rewrite: Callable[..., RewrittenBody], body: str, *, policy: Policy) -> None:
    """A rewritten body is not changed again."""
    once = rewrite(body, build_rewriter(policy=policy, tag_url=add_utm)).text
    assert once == rewrite(once, build_rewriter(policy=policy, tag_url=add_utm)).text


def add_utm(candidate: Candidate) -> str:
    """Add a parameter whose value needs quoting, on every host."""
    return add_utm_parameters(candidate.url, {"utm_source": "a&b"}, ["*"])


def check_message(raw: bytes) -> None:
    """Only tracked links in bodies change, and a second pass changes nothing."""
    result = rewrite_message(raw, REWRITER)
    assert (result.tracked_count > 0) == (raw != result.raw)
    check_positions(result.links)
    check_bodies(raw, result)
    assert result.raw == rewrite_message(result.raw, REWRITER).raw


def check_positions(links: Sequence[Link]) -> None:
    """Positions are consecutive from 0, and each link has the URL of its position."""
    positions = {link.position for link in links if link.position is not None}
    assert positions == set(range(len(positions)))
    for link in links:
        assert link.is_tracked == bool(link.replacement) == (link.position is not None)
        if link.position is not None:
            numbered_link = NumberedLink(
                destination=link.destination,
                position=link.position,
                link_count=len(positions),
                body_type=link.body_type,
            )
            assert tracking_url(numbered_link) == link.replacement


def check_bodies(raw: bytes, result: RewriteResult) -> None:
    """Only tracked links of bodies changed, according to the standard library's decoders.

    Quoted-printable bodies with an invalid escape are skipped: decoders differ in how they read them.
    """
    before, after = find_bodies(raw), find_bodies(result.raw)
    is_reencoded = [part.transfer_encoding for part in before] != [part.transfer_encoding for part in after]
    ignored_fields = _TRANSFER_FIELD if is_reencoded else re.compile(rb"(?!)")
    old, new = (
        [ignored_fields.sub(b"", piece) for piece in split_surroundings(message, body_parts)]
        for message, body_parts in ((raw, before), (result.raw, after))
    )
    assert old == new
    for number, (part, changed) in enumerate(zip(before, after, strict=True)):
        links = [link for link in result.links if link.body_index == number]
        if any(link.is_tracked for link in links):
            if part.transfer_encoding == "quoted-printable" and _INVALID_ESCAPE.search(raw, part.start, part.end):
                continue
            check_body(decode_content(raw, part), decode_content(result.raw, changed), part, links)
        else:
            assert raw[part.start : part.end] == result.raw[changed.start : changed.end]


def check_body(before: bytes, after: bytes, body_part: BodyPart, links: Sequence[Link]) -> None:
    """Only tracked links of a body changed, and an HTML body's links are those of the WHATWG tokenizer."""
    decoded = decode_text(before, body_part.charset)
    assert decoded is not None
    if decoded.runs is None:
        assert replace_links(decoded.text, links).encode(decoded.codec) == after
    else:  # characters that the codec does not encode
        changed = decode_text(after, body_part.charset)
        assert changed is not None
        assert changed.runs is not None
        assert replace_links(decoded.text, links) == changed.text
        assert [before[run.start : run.end] for run in decoded.runs.runs] == [
            after[run.start : run.end] for run in changed.runs.runs
        ]
    if body_part.body_type is BodyType.HTML:
        assert whatwg.find_link_spans(decoded.text) == [(link.start, link.end) for link in links]


def find_bodies(raw: bytes) -> list[BodyPart]:
    return [part for part in find_body_parts(raw) if isinstance(part, BodyPart)]


def split_surroundings(raw: bytes, body_parts: Sequence[BodyPart]) -> list[bytes]:
    """The bytes before, between and after the bodies."""
    starts = [0, *(part.end for part in body_parts)]
    ends = [*(part.start for part in body_parts), len(raw)]
    return [raw[start:end] for start, end in zip(starts, ends, strict=True)]


def decode_content(raw: bytes, body_part: BodyPart) -> bytes:
    """A body, decoded by the standard library."""
    return _DECODERS.get(body_part.transfer_encoding, bytes)(raw[body_part.start : body_part.end])

import base64

import pytest

from clicktrail.model.link import Part
from clicktrail.rewrite import rewrite_message
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.occurrences import decoded_bodies, in_document, in_message
from tests.rewriting import POLICY, tracking_url, untagged

TEXT = "Grüße 😀: https://example.com/ä und https://example.com/b, mailto:x"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_links_of_a_file_are_found_at_their_bytes(codec: str) -> None:
    """The bytes of a span are the link's text."""
    content = ("\ufeff" + TEXT).encode(codec)
    links = rewrite_document(content, Part.TEXT, policy=POLICY, tag=untagged, tracking_url=tracking_url).links

    found = in_document(content, Part.TEXT, links)

    assert ["https://example.com/ä", "https://example.com/b"] == [
        content[each.start : each.end].decode(codec) for each in found
    ]


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "8bit"), ("utf-8", "base64"), ("iso-2022-jp", "7bit")])
def test_links_of_a_message_are_found_in_their_decoded_bodies(charset: str, encoding: str) -> None:
    """Each body counts by itself, also where its charset switches between alphabets, or the message is signed."""
    text = "日本 https://example.com/a 語 https://example.com/b 日本".encode(charset)
    body = base64.encodebytes(text) if encoding == "base64" else text
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    raw = b"\r\n".join(
        [b"Content-Type: multipart/mixed; boundary=x\r\n", b"--x", head + body, b"--x", head + body, b"--x--", b""]
    )
    links = rewrite_message(raw, policy=POLICY, tagger=lambda: untagged, tracking_url=tracking_url).links

    contents = [content or b"" for _, content in decoded_bodies(raw)]

    spans = [contents[each.link.body][each.start : each.end] for each in in_message(raw, links)]
    assert [b"https://example.com/a", b"https://example.com/b"] * 2 == spans
    assert in_message(raw, links) == in_message(b"DKIM-Signature: v=1\r\n" + raw, links)

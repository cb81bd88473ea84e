import pytest

from clicktrail.model.link import LinkReason, Part
from clicktrail.rewrite import Untouched
from clicktrail.rewrite.document import read_document, rewrite_document
from clicktrail.rewrite.message import Rewritten
from tests.rewriting import POLICY, tracking_url, untagged

HTML = '<p title="é"><a href="https://example.com/ü">Ä</a>'


def rewritten(content: bytes, part: Part = Part.HTML) -> Rewritten:
    """A file with tracking URLs."""
    return rewrite_document(content, part, policy=POLICY, tag=untagged, tracking_url=tracking_url)


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (HTML.encode(), "utf-8"),
        (HTML.encode("utf-8-sig"), "utf-8"),
        (("\ufeff" + HTML).encode("utf-16-le"), "utf-16-le"),
        (("\ufeff" + HTML).encode("utf-16-be"), "utf-16-be"),
        (f'<meta charset="iso-8859-1">{HTML}'.encode("latin-1"), "cp1252"),
        (f'<META http-equiv=x content="text/html; charset=windows-1252">{HTML}'.encode("cp1252"), "cp1252"),
        (f"<meta charset=utf-16le>{HTML}".encode(), "utf-8"),
    ],
)
def test_a_file_is_read_in_its_charset(content: bytes, codec: str) -> None:
    """The link's characters are right, and only they change."""
    seen = read_document(content, Part.HTML)
    assert seen is not None
    assert (codec, True) == (seen.codec, seen.legible)

    result = rewritten(content)

    (link,) = result.links
    assert "https://example.com/ü" == link.destination
    assert seen.text.replace("https://example.com/ü", link.url).encode(codec) == result.raw


def test_a_link_of_unknown_characters_is_left_alone() -> None:
    """Bytes that are of no known charset cannot be sealed as a URL."""
    assert [LinkReason.CHARSET] == [link.reason for link in rewritten(HTML.encode("latin-1")).links]


def test_a_charset_that_hides_ascii_is_not_read() -> None:
    """In UTF-7 not even a tag can be told."""
    content = b'<meta charset="utf-7"><a href="https://example.com/">A</a>'

    assert Rewritten(raw=content, links=(), untouched=(Untouched.CHARSET,)) == rewritten(content)


def test_text_has_no_meta() -> None:
    """What looks like one is the text's own."""
    result = rewritten("<meta charset=utf-7> é https://example.com/".encode(), Part.TEXT)

    assert ["https://example.com/"] == [link.destination for link in result.links]

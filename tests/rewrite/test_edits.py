from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.edits import ByteEdit, TextEdit, build_text_edits, splice


def test_splice_replaces_only_the_spans() -> None:
    edits = [
        ByteEdit(start=0, end=1, replacement=b"A"),
        ByteEdit(start=1, end=1, replacement=b"+"),
        ByteEdit(start=4, end=6, replacement=b""),
    ]
    assert splice(b"abcdef", edits) == b"A+bcd"
    assert splice(b"abc", []) == b"abc"


def link(start: int, *, url: str = "", host: str = "") -> Link:
    """A link of three characters, with the offset for a host one character after it."""
    return Link(
        body_type=BodyType.TEXT,
        start=start,
        end=start + 3,
        href="",
        reason=LinkReason.TRACKED,
        replacement=url,
        visible_host=host,
        visible_host_offset=start + 4,
    )


def test_text_edits_insert_urls_and_hosts() -> None:
    assert list(build_text_edits([link(0, url="a"), link(5), link(10, url="b", host="x.example")])) == [
        TextEdit(0, 3, "a"),
        TextEdit(10, 13, "b"),
        TextEdit(14, 14, " (x.example)"),
    ]

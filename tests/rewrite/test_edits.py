from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.edits import ByteEdit, TextEdit, build_text_edits, splice


def test_replaces_spans_and_nothing_else() -> None:
    edits = [
        ByteEdit(start=0, end=1, replacement=b"A"),
        ByteEdit(start=1, end=1, replacement=b"+"),
        ByteEdit(start=4, end=6, replacement=b""),
    ]
    assert b"A+bcd" == splice(b"abcdef", edits)
    assert b"abc" == splice(b"abc", [])


def link(start: int, *, url: str = "", host: str = "") -> Link:
    """A link of three characters, and the place for a host one behind it."""
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


def test_urls_and_hosts_are_put_in_and_the_rest_stays() -> None:
    assert [TextEdit(0, 3, "a"), TextEdit(10, 13, "b"), TextEdit(14, 14, " (x.example)")] == list(
        build_text_edits([link(0, url="a"), link(5), link(10, url="b", host="x.example")])
    )

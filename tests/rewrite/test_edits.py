from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite.edits import Edit, Replacement, replacements, splice


def test_replaces_spans_and_nothing_else() -> None:
    edits = [
        Edit(start=0, end=1, replacement=b"A"),
        Edit(start=1, end=1, replacement=b"+"),
        Edit(start=4, end=6, replacement=b""),
    ]
    assert b"A+bcd" == splice(b"abcdef", edits)
    assert b"abc" == splice(b"abc", [])


def link(start: int, *, url: str = "", host: str = "") -> Link:
    """A link of three characters, and the place for a host one behind it."""
    return Link(
        part=Part.TEXT,
        start=start,
        end=start + 3,
        href="",
        reason=LinkReason.TRACKED,
        url=url,
        host=host,
        host_at=start + 4,
    )


def test_urls_and_hosts_are_put_in_and_the_rest_stays() -> None:
    assert [Replacement(0, 3, "a"), Replacement(10, 13, "b"), Replacement(14, 14, " (x.example)")] == list(
        replacements([link(0, url="a"), link(5), link(10, url="b", host="x.example")])
    )

from clicktrail.rewrite.splice import Edit, splice


def test_replaces_spans_and_nothing_else() -> None:
    """Edits at the ends, side by side and empty ones."""
    edits = [
        Edit(start=0, end=1, replacement=b"A"),
        Edit(start=1, end=1, replacement=b"+"),
        Edit(start=4, end=6, replacement=b""),
    ]
    assert b"A+bcd" == splice(b"abcdef", edits)
    assert b"abc" == splice(b"abc", [])

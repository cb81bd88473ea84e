from clicktrail.server.pipeline.marks import Marked
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, KeyState
from tests.edges import RING


def test_who_is_marked_is_known_by_name() -> None:
    """In which their name is not to be read, and which is the same in capital and small letters."""
    mark = Marked(RING).mark("Ann@example.org")
    marked = Marked(RING, [mark])
    assert ("ann@example.org" in marked, "bob@example.org" in marked, "" in marked) == (True, False, False)
    assert "ann" not in mark
    assert mark in marked
    assert Marked(RING).mark("Id7") != Marked(RING).mark("id7")


def test_a_mark_holds_when_keys_are_rotated_and_revoked() -> None:
    """And is another one with another ring."""
    old = Key(number=0, secret=b"k" * SECRET_BYTES)
    new = Key(number=1, secret=b"n" * SECRET_BYTES)
    rotated = KeyRing([new, Key(number=0, secret=old.secret, state=KeyState.REVOKED)])
    assert Marked(KeyRing([old])).mark("ann@example.org") == Marked(rotated).mark("ann@example.org")
    assert Marked(KeyRing([old])).mark("ann@example.org") != Marked(KeyRing([new])).mark("ann@example.org")

"""Frames that wait in memory."""

from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.journal.backlog import Backlog

Frames = st.lists(st.binary(min_size=1, max_size=20))


def backlog_of(frames: list[bytes], *, limit: int = 10_000) -> Backlog:
    """A backlog to which these were added."""
    backlog = Backlog(limit)
    for frame in frames:
        backlog.add(frame)
    return backlog


@given(Frames, st.integers(0, 60))
def test_frames_leave_in_the_order_in_which_they_came(frames: list[bytes], limit: int) -> None:
    """All of them, in portions of at most so many bytes, or of one frame."""
    backlog = backlog_of(frames)
    left: list[bytes] = []
    while portion := backlog.first(limit):
        assert len(portion) == 1 or sum(map(len, portion)) <= limit
        backlog.drop(len(portion))
        left += portion
    assert frames == left
    assert (0, 0, 0) == (len(backlog), backlog.size, backlog.let_go)


@given(Frames, st.integers(0, 100))
def test_it_never_holds_more_than_its_limit(frames: list[bytes], limit: int) -> None:
    """What it does not hold it has let go."""
    backlog = backlog_of(frames, limit=limit)
    kept = backlog.first(backlog.size) if backlog else []
    assert backlog.size == sum(map(len, kept)) <= limit
    assert len(frames) == len(backlog) + backlog.let_go


def test_the_newest_is_let_go() -> None:
    """What was there before stays."""
    backlog = backlog_of([b"first", b"second", b"third"], limit=11)
    assert ([b"first", b"second"], 1) == (backlog.first(100), backlog.let_go)


def test_giving_up_lets_go_what_waits_and_what_is_still_to_come() -> None:
    """Both are counted."""
    backlog = backlog_of([b"first", b"second"])
    backlog.give_up()
    backlog.add(b"third")
    assert (0, 0, 3) == (len(backlog), backlog.size, backlog.let_go)

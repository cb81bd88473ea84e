from datetime import timedelta

from clicktrail.server.system import RandomIds, SystemClock


def test_the_clock_tells_utc_in_milliseconds() -> None:
    """Events carry milliseconds, so no finer time is ever compared with a stored one."""
    now = SystemClock().now()

    assert timedelta(0) == now.utcoffset()
    assert 0 == now.microsecond % 1000


def test_ids_are_never_given_twice() -> None:
    """Neither within one start, nor by another."""
    starts = [RandomIds() for _ in range(3)]
    ids = [ids.new() for ids in starts for _ in range(1000)]

    assert 3000 == len(set(ids))
    assert all(len(id) <= 26 and id.isalnum() and id == id.lower() for id in ids)

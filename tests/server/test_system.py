import functools
import operator
from datetime import timedelta

from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.tokens import SHORT_CODE_BITS


def test_the_clock_tells_utc_in_milliseconds() -> None:
    now = SystemClock().now()

    assert timedelta(0) == now.utcoffset()
    assert 0 == now.microsecond % 1000


def test_ids_are_never_given_twice() -> None:
    starts = [RandomIds() for _ in range(3)]
    ids = [ids.new() for ids in starts for _ in range(1000)]

    assert 3000 == len(set(ids))
    assert all(len(id) <= 26 and id.isalnum() and id == id.lower() for id in ids)


def test_codes_are_spread_over_all_that_there_are() -> None:
    codes = {RandomCodes().new() for _ in range(1000)}

    assert 1000 == len(codes)
    assert 2**SHORT_CODE_BITS - 1 == functools.reduce(operator.or_, codes)
    assert 0 == functools.reduce(operator.and_, codes)

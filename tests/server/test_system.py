import functools
import operator
from datetime import timedelta

from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.tokens import SHORT_CODE_BITS


def test_clock_returns_utc_in_milliseconds() -> None:
    now = SystemClock().now()

    assert timedelta(0) == now.utcoffset()
    assert now.microsecond % 1000 == 0


def test_ids_are_unique() -> None:
    generators = [RandomIds() for _ in range(3)]
    ids = [ids.new() for ids in generators for _ in range(1000)]

    assert len(set(ids)) == 3000
    assert all(len(id) <= 26 and id.isalnum() and id == id.lower() for id in ids)


def test_codes_use_every_bit() -> None:
    codes = {RandomCodes().new() for _ in range(1000)}

    assert len(codes) == 1000
    assert functools.reduce(operator.or_, codes) == 2**SHORT_CODE_BITS - 1
    assert functools.reduce(operator.and_, codes) == 0

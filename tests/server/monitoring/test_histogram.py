from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.monitoring.histogram import Histogram

BOUNDS = (0.5, 1.0, 2.5)


@given(values=st.lists(st.floats(min_value=0, max_value=10)))
def test_every_value_is_in_one_bucket(values: list[float]) -> None:
    """Up to each bound stand as many values as there are below it or on it."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)

    assert len(values) == sum(histogram.counts)
    for index, bound in enumerate(BOUNDS):
        assert sum(value <= bound for value in values) == sum(histogram.counts[: index + 1])
    assert sum(values) == histogram.total

from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.monitoring import metrics
from clicktrail.server.monitoring.metrics import METRICS, Histogram, Metric, MetricKind


def test_every_metric_is_listed_once() -> None:
    defined = [value for value in vars(metrics).values() if isinstance(value, Metric)]

    assert set(defined) == set(METRICS)
    assert len(METRICS) == len({metric.name for metric in METRICS})


def test_names_follow_prometheus_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith("clicktrail_")
        assert (metric.kind is MetricKind.COUNTER) == metric.name.endswith("_total")
        assert (metric.kind is MetricKind.HISTOGRAM) == bool(metric.bounds)
        assert tuple(sorted(metric.bounds)) == metric.bounds


BOUNDS = (0.5, 1.0, 2.5)


@given(values=st.lists(st.floats(min_value=0, max_value=10)))
def test_every_value_is_in_one_bucket(values: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)

    assert len(values) == sum(histogram.counts)
    for index, bound in enumerate(BOUNDS):
        assert sum(value <= bound for value in values) == sum(histogram.counts[: index + 1])
    assert sum(values) == histogram.total

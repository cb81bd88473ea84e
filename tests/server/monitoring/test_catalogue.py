from clicktrail.server.monitoring import catalogue
from clicktrail.server.monitoring.catalogue import METRICS, Kind, Metric


def test_every_metric_is_listed_once() -> None:
    """What is defined is shown, under a name of its own."""
    defined = [value for value in vars(catalogue).values() if isinstance(value, Metric)]

    assert set(defined) == set(METRICS)
    assert len(METRICS) == len({metric.name for metric in METRICS})


def test_names_follow_prometheus() -> None:
    """Counters end in _total, nothing else does, and histograms have buckets: https://prometheus.io/docs/practices/naming/."""
    for metric in METRICS:
        assert metric.name.startswith("clicktrail_")
        assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.bounds)
        assert tuple(sorted(metric.bounds)) == metric.bounds

"""Figures as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from clicktrail.server.monitoring.heartbeat import Health, Status
from clicktrail.server.monitoring.metrics import METRICS, RESTARTS, UP, Kind, Metric

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PROCESS = "process"


def exposition(processes: Sequence[Health]) -> bytes:
    """Every metric of every process, in the text format."""
    registry = CollectorRegistry()
    registry.register(_Latest(processes))
    return generate_latest(registry)


class _Latest(Collector):
    """What the processes said last."""

    def __init__(self, processes: Sequence[Health]) -> None:
        self._processes = processes

    def collect(self) -> Iterable[Family]:
        for metric in METRICS:
            yield (
                _histogram(metric, self._processes)
                if metric.kind is Kind.HISTOGRAM
                else _plain(metric, self._processes)
            )


def _plain(metric: Metric, processes: Sequence[Health]) -> Family:
    labels = [_PROCESS, metric.label] if metric.label else [_PROCESS]
    family = _FAMILIES[metric.kind](metric.name, metric.help, labels)
    for process in processes:
        for value, number in _values(metric, process):
            family.add_metric([process.name, value] if metric.label else [process.name], number)
    return family


def _values(metric: Metric, process: Health) -> Iterator[tuple[str, float]]:
    """By the second label's value; two figures are not the process's own, but known of it."""
    if metric is UP:
        yield "", process.status is Status.SERVING
    elif metric is RESTARTS:
        yield "", process.restarts
    else:
        yield from process.pulse.values.get(metric.name, {}).items()


def _histogram(metric: Metric, processes: Sequence[Health]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=[_PROCESS])
    bounds = [*map(str, metric.bounds), "+Inf"]
    for process in processes:
        if held := process.pulse.histograms.get(metric.name):
            buckets = list(zip(bounds, accumulate(held.counts), strict=True))
            family.add_metric([process.name], buckets, held.total)
    return family


_FAMILIES: dict[Kind, Callable[[str, str, Sequence[str]], CounterMetricFamily | GaugeMetricFamily]] = {
    Kind.COUNTER: lambda name, text, labels: CounterMetricFamily(name, text, labels=labels),
    Kind.GAUGE: lambda name, text, labels: GaugeMetricFamily(name, text, labels=labels),
}

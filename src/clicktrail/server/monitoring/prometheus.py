"""Render metrics in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as MetricFamily
from prometheus_client.registry import Collector

from clicktrail.server.monitoring.heartbeat import Health, ProcessStatus
from clicktrail.server.monitoring.metrics import METRICS, RESTARTS, UP, Metric, MetricKind

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PROCESS_LABEL = "process"


def render_metrics(processes: Sequence[Health]) -> bytes:
    """Render every metric of every process."""
    registry = CollectorRegistry()
    registry.register(_HeartbeatCollector(processes))
    return generate_latest(registry)


class _HeartbeatCollector(Collector):
    def __init__(self, processes: Sequence[Health]) -> None:
        self._processes = processes

    def collect(self) -> Iterable[MetricFamily]:
        for metric in METRICS:
            yield (
                _build_histogram_family(metric, self._processes)
                if metric.kind is MetricKind.HISTOGRAM
                else _build_scalar_family(metric, self._processes)
            )


def _build_scalar_family(metric: Metric, processes: Sequence[Health]) -> MetricFamily:
    labels = [_PROCESS_LABEL, metric.label] if metric.label else [_PROCESS_LABEL]
    family = _FAMILY_FACTORIES[metric.kind](metric.name, metric.help, labels)
    for process in processes:
        for label_value, number in _read_values(metric, process):
            family.add_metric([process.name, label_value] if metric.label else [process.name], number)
    return family


def _read_values(metric: Metric, process: Health) -> Iterator[tuple[str, float]]:
    """Values by second label. ``UP`` and ``RESTARTS`` come from the supervisor, all others from the heartbeat."""
    if metric is UP:
        yield "", process.status is ProcessStatus.SERVING
    elif metric is RESTARTS:
        yield "", process.restarts
    else:
        yield from process.heartbeat.values.get(metric.name, {}).items()


def _build_histogram_family(metric: Metric, processes: Sequence[Health]) -> MetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help, labels=[_PROCESS_LABEL])
    bounds = [*map(str, metric.bounds), "+Inf"]
    for process in processes:
        if histogram := process.heartbeat.histograms.get(metric.name):
            buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
            family.add_metric([process.name], buckets, histogram.total)
    return family


_FAMILY_FACTORIES: dict[MetricKind, Callable[[str, str, Sequence[str]], CounterMetricFamily | GaugeMetricFamily]] = {
    MetricKind.COUNTER: lambda name, text, labels: CounterMetricFamily(name, text, labels=labels),
    MetricKind.GAUGE: lambda name, text, labels: GaugeMetricFamily(name, text, labels=labels),
}

"""Every metric, defined once: its name, what it counts, and for histograms the buckets."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "ANALYTICS_STORE_SECONDS",
    "EVENTS_PROCESSED",
    "EVENTS_UNREADABLE",
    "HTTP_RESPONSES",
    "HTTP_RESPONSE_SECONDS",
    "JOURNAL_BATCH_EVENTS",
    "JOURNAL_BUFFERED_EVENTS",
    "JOURNAL_EVENTS_DROPPED",
    "JOURNAL_LAG_SECONDS",
    "JOURNAL_SYNC_SECONDS",
    "MESSAGES_JUDGED",
    "METRICS",
    "RELAY_MESSAGES",
    "RESTARTS",
    "TOKENS_TAMPERED",
    "UP",
    "VERDICTS_CHANGED",
    "Histogram",
    "Metric",
    "MetricKind",
]

_SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BATCH_BOUNDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class MetricKind(StrEnum):
    """Prometheus' types of metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; each process tells its own, under the label ``process``.

    Attributes:
        name: as Prometheus shows it.
        kind: how to read it.
        help: what it counts, for people.
        label: a second label; empty if there is none.
        bounds: the upper bounds of a histogram's buckets.
    """

    name: str
    kind: MetricKind
    help: str
    label: str = ""
    bounds: tuple[float, ...] = ()


UP: Final = Metric(
    name="clicktrail_up", kind=MetricKind.GAUGE, help="1 while the process serves, 0 while it starts or is down."
)
RESTARTS: Final = Metric(
    name="clicktrail_restarts_total", kind=MetricKind.COUNTER, help="Times that the process died and was started again."
)
HTTP_RESPONSES: Final = Metric(
    name="clicktrail_http_responses_total",
    kind=MetricKind.COUNTER,
    help="Answers at the public port: 302 sends a reader on, 404 is for what is no link or was tampered with.",
    label="status",
)
HTTP_RESPONSE_SECONDS: Final = Metric(
    name="clicktrail_http_response_seconds",
    kind=MetricKind.HISTOGRAM,
    help="From a request to its answer, the wait for the disk included.",
    bounds=_SECONDS_BOUNDS,
)
JOURNAL_BATCH_EVENTS: Final = Metric(
    name="clicktrail_journal_batch_events",
    kind=MetricKind.HISTOGRAM,
    help="Events that one write brought to disk.",
    bounds=_BATCH_BOUNDS,
)
JOURNAL_SYNC_SECONDS: Final = Metric(
    name="clicktrail_journal_sync_seconds",
    kind=MetricKind.HISTOGRAM,
    help="How long a write and its sync took.",
    bounds=_SECONDS_BOUNDS,
)
JOURNAL_BUFFERED_EVENTS: Final = Metric(
    name="clicktrail_journal_buffered_events",
    kind=MetricKind.GAUGE,
    help="Events that wait in memory for a disk that does not take them.",
)
JOURNAL_EVENTS_DROPPED: Final = Metric(
    name="clicktrail_journal_events_dropped_total",
    kind=MetricKind.COUNTER,
    help="Events given up because they could not be written: these are lost.",
)
JOURNAL_LAG_SECONDS: Final = Metric(
    name="clicktrail_journal_lag_seconds",
    kind=MetricKind.GAUGE,
    help="How old the oldest event is that was read from the journal and is not in the reports; 0 when all are.",
)
EVENTS_PROCESSED: Final = Metric(
    name="clicktrail_events_processed_total",
    kind=MetricKind.COUNTER,
    help="Events brought from the journal into analytics.",
)
TOKENS_TAMPERED: Final = Metric(
    name="clicktrail_tokens_tampered_total",
    kind=MetricKind.COUNTER,
    help="Tracking URLs whose token somebody had changed.",
)
EVENTS_UNREADABLE: Final = Metric(
    name="clicktrail_events_unreadable_total",
    kind=MetricKind.COUNTER,
    help="Lines of the journal that are no events, and were passed over.",
)
MESSAGES_JUDGED: Final = Metric(
    name="clicktrail_messages_judged_total",
    kind=MetricKind.COUNTER,
    help="Messages whose clicks were judged, once for each batch that touched them.",
)
VERDICTS_CHANGED: Final = Metric(
    name="clicktrail_verdicts_changed_total",
    kind=MetricKind.COUNTER,
    help="Clicks that got another verdict than before, such as `human_to_bot`.",
    label="change",
)
ANALYTICS_STORE_SECONDS: Final = Metric(
    name="clicktrail_analytics_store_seconds",
    kind=MetricKind.HISTOGRAM,
    help="How long analytics took to store a batch.",
    bounds=_SECONDS_BOUNDS,
)
RELAY_MESSAGES: Final = Metric(
    name="clicktrail_relay_messages_total",
    kind=MetricKind.COUNTER,
    help="Messages that came to the relay complete.",
    label="outcome",
)

METRICS: Final = (
    UP,
    RESTARTS,
    HTTP_RESPONSES,
    HTTP_RESPONSE_SECONDS,
    JOURNAL_BATCH_EVENTS,
    JOURNAL_SYNC_SECONDS,
    JOURNAL_BUFFERED_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    JOURNAL_LAG_SECONDS,
    EVENTS_PROCESSED,
    TOKENS_TAMPERED,
    EVENTS_UNREADABLE,
    MESSAGES_JUDGED,
    VERDICTS_CHANGED,
    ANALYTICS_STORE_SECONDS,
    RELAY_MESSAGES,
)


# FOLDED histogram.py: Count values by size, cheaply.


class Histogram:
    """Plain numbers, read when they are told.

    Attributes:
        bounds: the upper bounds of the buckets, ascending; a value on a bound is below it.
        counts: values seen in each bucket, and behind them those above all bounds.
        total: the sum of all values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

"""All metrics: name, kind, help text, and bucket bounds of histograms."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BATCH_BOUNDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class MetricKind(StrEnum):
    """Metric types of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric. Each process has its own values, under the label ``process``.

    Attributes:
        label: second label; empty if none.
        bounds: upper bounds of a histogram's buckets.
    """

    name: str
    kind: MetricKind
    help: str
    label: str = ""
    bounds: tuple[float, ...] = ()


class Histogram:
    """A histogram of plain numbers, cheaper than prometheus_client's.

    Attributes:
        bounds: upper bounds of the buckets, ascending and inclusive.
        counts: number of values in each bucket; the last one is for values above all bounds.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Add a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


UP: Final = Metric(
    name="clicktrail_up",
    kind=MetricKind.GAUGE,
    help="1 while the process serves; 0 while it is starting, unresponsive or down.",
)
RESTARTS: Final = Metric(
    name="clicktrail_restarts_total",
    kind=MetricKind.COUNTER,
    help="Number of times the process was restarted after it died.",
)
HTTP_RESPONSES: Final = Metric(
    name="clicktrail_http_responses_total",
    kind=MetricKind.COUNTER,
    help="HTTP responses on the public port by status: 302 are redirects, 404 are unknown paths and tampered links.",
    label="status",
)
HTTP_RESPONSE_SECONDS: Final = Metric(
    name="clicktrail_http_response_seconds",
    kind=MetricKind.HISTOGRAM,
    help="Time from a complete request to its response, including the wait for the disk.",
    bounds=_SECONDS_BOUNDS,
)
CONNECTIONS: Final = Metric(
    name="clicktrail_connections",
    kind=MetricKind.GAUGE,
    help="Open connections on the public port.",
)
CONNECTIONS_CLOSED: Final = Metric(
    name="clicktrail_connections_closed_total",
    kind=MetricKind.COUNTER,
    help="Connections that the edge closed: `slow` requests, `unread` responses, or the idlest above the `limit`.",
    label="reason",
)
JOURNAL_BATCH_EVENTS: Final = Metric(
    name="clicktrail_journal_batch_events",
    kind=MetricKind.HISTOGRAM,
    help="Events written to disk by one commit.",
    bounds=_BATCH_BOUNDS,
)
JOURNAL_SYNC_SECONDS: Final = Metric(
    name="clicktrail_journal_sync_seconds",
    kind=MetricKind.HISTOGRAM,
    help="Duration of a write to the journal and its fsync.",
    bounds=_SECONDS_BOUNDS,
)
JOURNAL_BUFFERED_EVENTS: Final = Metric(
    name="clicktrail_journal_buffered_events",
    kind=MetricKind.GAUGE,
    help="Events waiting in memory because the disk cannot be written.",
)
JOURNAL_EVENTS_DROPPED: Final = Metric(
    name="clicktrail_journal_events_dropped_total",
    kind=MetricKind.COUNTER,
    help="Events lost because the disk could not be written and the buffer was full.",
)
JOURNAL_DAMAGED_BYTES: Final = Metric(
    name="clicktrail_journal_damaged_bytes",
    kind=MetricKind.GAUGE,
    help="Bytes of the journal that are damaged, until their segments are deleted. Their events are lost.",
)
JOURNAL_LAG_SECONDS: Final = Metric(
    name="clicktrail_journal_lag_seconds",
    kind=MetricKind.GAUGE,
    help="Age of the oldest event read from the journal but not yet in the reports; 0 if there is none.",
)
EVENTS_PROCESSED: Final = Metric(
    name="clicktrail_events_processed_total",
    kind=MetricKind.COUNTER,
    help="Events stored in analytics.",
)
FAILED_TOKENS_OMITTED: Final = Metric(
    name="clicktrail_failed_tokens_omitted_total",
    kind=MetricKind.COUNTER,
    help="Requests whose token could not be opened or resolved, answered but not recorded: too many of one network, or "
    "of all together.",
)
TOKENS_TAMPERED: Final = Metric(
    name="clicktrail_tokens_tampered_total",
    kind=MetricKind.COUNTER,
    help="Requests for tracking URLs whose token was tampered with.",
)
LINKS_DAMAGED: Final = Metric(
    name="clicktrail_links_damaged_total",
    kind=MetricKind.COUNTER,
    help="Requests for tracking URLs that were damaged on their way and opened nevertheless, or whose letters had "
    "changed case.",
)
EVENTS_UNREADABLE: Final = Metric(
    name="clicktrail_events_unreadable_total",
    kind=MetricKind.COUNTER,
    help="Lines of the journal that could not be decoded and were skipped.",
)
EVENTS_QUARANTINED: Final = Metric(
    name="clicktrail_events_quarantined_total",
    kind=MetricKind.COUNTER,
    help="Events that could not be processed and were put into quarantine.",
)
MESSAGES_JUDGED: Final = Metric(
    name="clicktrail_messages_judged_total",
    kind=MetricKind.COUNTER,
    help="Messages judged, counted once per batch that has events for them.",
)
VERDICTS_CHANGED: Final = Metric(
    name="clicktrail_verdicts_changed_total",
    kind=MetricKind.COUNTER,
    help="Clicks whose verdict changed, by change, such as `human_to_bot`.",
    label="change",
)
REPORTS_CORRECTED: Final = Metric(
    name="clicktrail_reports_corrected_total",
    kind=MetricKind.COUNTER,
    help="Campaigns whose numbers the nightly check found wrong and corrected.",
)
ANALYTICS_STORE_SECONDS: Final = Metric(
    name="clicktrail_analytics_store_seconds",
    kind=MetricKind.HISTOGRAM,
    help="Duration of storing a batch in analytics.",
    bounds=_SECONDS_BOUNDS,
)
RELAY_MESSAGES: Final = Metric(
    name="clicktrail_relay_messages_total",
    kind=MetricKind.COUNTER,
    help="Messages received by the relay, by outcome: `tracked`, `not_rewritten`, `untracked` or `deferred` because of "
    "a failure, or `refused`.",
    label="outcome",
)

METRICS: Final = (
    UP,
    RESTARTS,
    HTTP_RESPONSES,
    HTTP_RESPONSE_SECONDS,
    CONNECTIONS,
    CONNECTIONS_CLOSED,
    JOURNAL_BATCH_EVENTS,
    JOURNAL_SYNC_SECONDS,
    JOURNAL_BUFFERED_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    JOURNAL_DAMAGED_BYTES,
    JOURNAL_LAG_SECONDS,
    EVENTS_PROCESSED,
    FAILED_TOKENS_OMITTED,
    TOKENS_TAMPERED,
    LINKS_DAMAGED,
    EVENTS_UNREADABLE,
    EVENTS_QUARANTINED,
    MESSAGES_JUDGED,
    VERDICTS_CHANGED,
    REPORTS_CORRECTED,
    ANALYTICS_STORE_SECONDS,
    RELAY_MESSAGES,
)

import msgspec
import pytest

from clicktrail.server.monitoring.heartbeat import (
    MAX_HEARTBEAT_BYTES,
    Health,
    Heartbeat,
    HistogramSnapshot,
    Problem,
    ProcessStatus,
    build_heartbeat,
    summarize_health,
)
from clicktrail.server.monitoring.metrics import (
    HTTP_RESPONSES,
    JOURNAL_BATCH_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    METRICS,
    Histogram,
    Metric,
    MetricKind,
)
from tests.support.processes import process_health

HUGE = 10**15


def make_large_value(metric: Metric) -> float | dict[str, float] | Histogram:
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = Histogram(metric.bounds)
        histogram.counts = [HUGE] * len(histogram.counts)
        histogram.total = HUGE + 0.123456789
        return histogram
    return {f"an-outcome-{number}": HUGE for number in range(10)} if metric.label else HUGE


def test_heartbeat_holds_current_values() -> None:
    batches = Histogram((1.0, 8.0))
    batches.observe(5)
    results = {"302": 3}
    pulse = build_heartbeat({JOURNAL_EVENTS_DROPPED: 2, HTTP_RESPONSES: results, JOURNAL_BATCH_EVENTS: batches})
    results["302"] = 4
    batches.observe(5)

    assert {JOURNAL_EVENTS_DROPPED.name: {"": 2}, HTTP_RESPONSES.name: {"302": 3}} == pulse.values
    assert {JOURNAL_BATCH_EVENTS.name: HistogramSnapshot((0, 1, 0), 5.0)} == pulse.histograms


def test_heartbeat_round_trips() -> None:
    pulse = build_heartbeat(
        {JOURNAL_EVENTS_DROPPED: 2, JOURNAL_BATCH_EVENTS: Histogram((1.0,))},
        problems=(Problem(code="unrecorded", hint="look"),),
    )

    assert pulse == msgspec.json.decode(msgspec.json.encode(pulse), type=Heartbeat)


def test_largest_heartbeat_fits_an_atomic_pipe_write() -> None:
    troubles = tuple(Problem(code="a-code-of-some-length", hint="what to do about it, " * 5) for _ in range(4))
    line = msgspec.json.encode(
        build_heartbeat({metric: make_large_value(metric) for metric in METRICS}, problems=troubles)
    )

    assert len(line) < MAX_HEARTBEAT_BYTES


TROUBLED = Heartbeat(problems=(Problem(code="journal", hint="make room on the disk"),))


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ([process_health("edge-0"), process_health("engine")], "ok"),
        ([process_health("edge-0", heartbeat=TROUBLED), process_health("engine")], "degraded"),
        ([process_health("edge-0", heartbeat=TROUBLED), process_health("engine", status=ProcessStatus.DOWN)], "down"),
        ([process_health("edge-0"), process_health("engine", status=ProcessStatus.STARTING)], "down"),
        ([process_health("edge-0", status=ProcessStatus.UNRESPONSIVE)], "down"),
    ],
)
def test_status_is_that_of_the_worst_process(processes: list[Health], expected: str) -> None:
    assert expected == summarize_health(processes)["status"]


def test_problems_are_listed_by_process() -> None:
    assert {
        "edge-0": {
            "status": ProcessStatus.SERVING,
            "pid": 7,
            "restarts": 2,
            "problems": TROUBLED.problems,
        }
    } == summarize_health([process_health("edge-0", restarts=2, heartbeat=TROUBLED)])["processes"]

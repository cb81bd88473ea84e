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


def full(metric: Metric) -> float | dict[str, float] | Histogram:
    """A figure as long as figures get."""
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = Histogram(metric.bounds)
        histogram.counts = [HUGE] * len(histogram.counts)
        histogram.total = HUGE + 0.123456789
        return histogram
    return {f"an-outcome-{number}": HUGE for number in range(10)} if metric.label else HUGE


def test_figures_are_said_as_they_are() -> None:
    batches = Histogram((1.0, 8.0))
    batches.observe(5)
    results = {"302": 3}
    pulse = build_heartbeat({JOURNAL_EVENTS_DROPPED: 2, HTTP_RESPONSES: results, JOURNAL_BATCH_EVENTS: batches})
    results["302"] = 4
    batches.observe(5)

    assert {JOURNAL_EVENTS_DROPPED.name: {"": 2}, HTTP_RESPONSES.name: {"302": 3}} == pulse.values
    assert {JOURNAL_BATCH_EVENTS.name: HistogramSnapshot((0, 1, 0), 5.0)} == pulse.histograms


def test_a_pulse_reads_as_it_was_said() -> None:
    pulse = build_heartbeat(
        {JOURNAL_EVENTS_DROPPED: 2, JOURNAL_BATCH_EVENTS: Histogram((1.0,))},
        problems=(Problem(code="unrecorded", hint="look"),),
    )

    assert pulse == msgspec.json.decode(msgspec.json.encode(pulse), type=Heartbeat)


def test_the_longest_pulse_goes_through_a_pipe_in_one_piece() -> None:
    troubles = tuple(Problem(code="a-code-of-some-length", hint="what to do about it, " * 5) for _ in range(4))
    line = msgspec.json.encode(build_heartbeat({metric: full(metric) for metric in METRICS}, problems=troubles))

    assert len(line) < MAX_HEARTBEAT_BYTES


TROUBLED = Heartbeat(problems=(Problem(code="journal", hint="make room on the disk"),))


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ([process_health("edge-0"), process_health("engine")], "ok"),
        ([process_health("edge-0", pulse=TROUBLED), process_health("engine")], "degraded"),
        ([process_health("edge-0", pulse=TROUBLED), process_health("engine", status=ProcessStatus.DOWN)], "down"),
        ([process_health("edge-0"), process_health("engine", status=ProcessStatus.STARTING)], "down"),
        ([process_health("edge-0", status=ProcessStatus.UNRESPONSIVE)], "down"),
    ],
)
def test_the_worst_of_all_is_the_health_of_all(processes: list[Health], expected: str) -> None:
    assert expected == summarize_health(processes)["status"]


def test_each_process_is_told_with_its_troubles() -> None:
    assert {
        "edge-0": {
            "status": ProcessStatus.SERVING,
            "pid": 7,
            "restarts": 2,
            "problems": TROUBLED.problems,
        }
    } == summarize_health([process_health("edge-0", restarts=2, pulse=TROUBLED)])["processes"]

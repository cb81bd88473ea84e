import msgspec
import pytest

from clicktrail.server.monitoring.heartbeat import LONGEST, Buckets, Health, Pulse, Status, Trouble, overall, pulse_of
from clicktrail.server.monitoring.metrics import ANSWERS, BATCH_LINES, LET_GO, METRICS, Histogram, Kind, Metric
from tests.support.processes import process

HUGE = 10**15


def full(metric: Metric) -> float | dict[str, float] | Histogram:
    """A figure as long as figures get."""
    if metric.kind is Kind.HISTOGRAM:
        histogram = Histogram(metric.bounds)
        histogram.counts = [HUGE] * len(histogram.counts)
        histogram.total = HUGE + 0.123456789
        return histogram
    return {f"an-outcome-{number}": HUGE for number in range(10)} if metric.label else HUGE


def test_figures_are_said_as_they_are() -> None:
    batches = Histogram((1.0, 8.0))
    batches.observe(5)
    results = {"302": 3}
    pulse = pulse_of({LET_GO: 2, ANSWERS: results, BATCH_LINES: batches})
    results["302"] = 4
    batches.observe(5)

    assert {LET_GO.name: {"": 2}, ANSWERS.name: {"302": 3}} == pulse.values
    assert {BATCH_LINES.name: Buckets((0, 1, 0), 5.0)} == pulse.histograms


def test_a_pulse_reads_as_it_was_said() -> None:
    pulse = pulse_of({LET_GO: 2, BATCH_LINES: Histogram((1.0,))}, troubles=(Trouble(code="unrecorded", hint="look"),))

    assert pulse == msgspec.json.decode(msgspec.json.encode(pulse), type=Pulse)


def test_the_longest_pulse_goes_through_a_pipe_in_one_piece() -> None:
    troubles = tuple(Trouble(code="a-code-of-some-length", hint="what to do about it, " * 5) for _ in range(4))
    line = msgspec.json.encode(pulse_of({metric: full(metric) for metric in METRICS}, troubles=troubles))

    assert len(line) < LONGEST


TROUBLED = Pulse(troubles=(Trouble(code="journal", hint="make room on the disk"),))


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ([process("edge-0"), process("engine")], "ok"),
        ([process("edge-0", pulse=TROUBLED), process("engine")], "degraded"),
        ([process("edge-0", pulse=TROUBLED), process("engine", status=Status.DOWN)], "down"),
        ([process("edge-0"), process("engine", status=Status.STARTING)], "down"),
        ([process("edge-0", status=Status.SILENT)], "down"),
    ],
)
def test_the_worst_of_all_is_the_health_of_all(processes: list[Health], expected: str) -> None:
    assert expected == overall(processes)["status"]


def test_each_process_is_told_with_its_troubles() -> None:
    assert {
        "edge-0": {
            "status": Status.SERVING,
            "pid": 7,
            "restarts": 2,
            "troubles": TROUBLED.troubles,
        }
    } == overall([process("edge-0", restarts=2, pulse=TROUBLED)])["processes"]

from prometheus_client.parser import text_string_to_metric_families

from clicktrail.server.monitoring.heartbeat import Health, ProcessStatus, build_heartbeat
from clicktrail.server.monitoring.metrics import HTTP_RESPONSES, JOURNAL_BATCH_EVENTS, METRICS, Histogram
from clicktrail.server.monitoring.prometheus import render_metrics
from tests.support.processes import process_health


def parse_samples(*processes: Health) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(render_metrics(processes).decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_values_are_labelled_with_their_process() -> None:
    shown = parse_samples(
        process_health("edge-0", heartbeat=build_heartbeat({HTTP_RESPONSES: {"302": 3, "404": 1}})),
        process_health("edge-1", heartbeat=build_heartbeat({HTTP_RESPONSES: {"302": 4}})),
    )

    assert {("edge-0", "302"): 3, ("edge-0", "404"): 1, ("edge-1", "302"): 4} == {
        key[1:]: value for key, value in shown.items() if key[0] == HTTP_RESPONSES.name
    }


def test_buckets_are_cumulative() -> None:
    batches = Histogram(JOURNAL_BATCH_EVENTS.bounds)
    for size in (1, 1, 3, 5_000):
        batches.observe(size)
    shown = parse_samples(process_health("edge-0", heartbeat=build_heartbeat({JOURNAL_BATCH_EVENTS: batches})))

    assert (2, 2, 3, 4) == tuple(
        shown[f"{JOURNAL_BATCH_EVENTS.name}_bucket", bound, "edge-0"] for bound in ("1.0", "2.0", "4.0", "+Inf")
    )
    assert (4, 5_005) == (
        shown[f"{JOURNAL_BATCH_EVENTS.name}_count", "edge-0"],
        shown[f"{JOURNAL_BATCH_EVENTS.name}_sum", "edge-0"],
    )


def test_process_that_is_down_is_not_up() -> None:
    shown = parse_samples(process_health("engine", status=ProcessStatus.DOWN, restarts=3))

    assert {("clicktrail_up", "engine"): 0, ("clicktrail_restarts_total", "engine"): 3} == shown


def test_every_metric_has_a_help_line() -> None:
    text = render_metrics([process_health()]).decode()

    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n" in text

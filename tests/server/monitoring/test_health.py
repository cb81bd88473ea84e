import pytest

from clicktrail.server.monitoring.health import Health, Status, overall
from clicktrail.server.monitoring.pulse import Pulse, Trouble
from tests.server.monitoring.processes import process

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
    """One process that does not serve is worse than any number of troubles."""
    assert expected == overall(processes)["status"]


def test_each_process_is_told_with_its_troubles() -> None:
    """What is wrong comes with what to do about it."""
    assert {
        "edge-0": {
            "status": Status.SERVING,
            "pid": 7,
            "restarts": 2,
            "troubles": TROUBLED.troubles,
        }
    } == overall([process("edge-0", restarts=2, pulse=TROUBLED)])["processes"]

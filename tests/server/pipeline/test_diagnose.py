import re
from dataclasses import replace
from pathlib import Path

import pytest

from clicktrail.errors import KeyRingError
from clicktrail.server.pipeline.diagnose import Facts, Finding, ProcessHealth, Severity, Trouble, diagnose

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "doctor.md").read_text("utf-8")


def process(status: str = "serving", *, restarts: int = 0, troubles: tuple[Trouble, ...] = ()) -> ProcessHealth:
    """A process that is well but for this."""
    return ProcessHealth(status=status, restarts=restarts, troubles=troubles)


WELL = Facts(keys=None, keys_backed_up=True, free_bytes=10**12, processes={"edge-0": process(), "engine": process()})
JOURNAL = Trouble(code="journal", hint="look at the disk")
SICK = {
    "keys": replace(WELL, keys=KeyRingError("the key ring is missing", hint="restore it")),
    "keys-not-backed-up": replace(WELL, keys_backed_up=False),
    "not-running": replace(WELL, processes=None),
    "process-starting": replace(WELL, processes={"engine": process("starting")}),
    "process-silent": replace(WELL, processes={"engine": process("silent")}),
    "process-down": replace(WELL, processes={"engine": process("down")}),
    "restarted": replace(WELL, processes={"engine": process(restarts=3)}),
    "journal": replace(WELL, processes={"edge": process(troubles=(JOURNAL,))}),
    "let-go": replace(WELL, let_go=1_200),
    "unreadable": replace(WELL, unreadable=1),
    "disk-low": replace(WELL, free_bytes=999_000_000),
}
WARNINGS = {"keys-not-backed-up", "restarted", "disk-low"}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """A doctor who always finds something is not asked again."""
    assert [] == diagnose(WELL)


@pytest.mark.parametrize("code", SICK)
def test_each_fact_is_found_with_what_to_do(code: str) -> None:
    """One finding for one cause, as grave as it is, and the page of the doctor has it."""
    (finding,) = diagnose(SICK[code])
    assert (code, code in WARNINGS) == (finding.code, finding.severity is Severity.WARNING)
    assert finding.what
    assert finding.hint
    assert f"| `{code}` |" in PAGE


def test_the_page_has_no_code_that_is_never_found() -> None:
    """But for the troubles that processes tell of themselves."""
    assert SICK.keys() | {"late", "shared-address"} == set(re.findall(r"(?m)^\| `([\w-]+)` \|", PAGE))


def test_a_key_ring_that_is_lost_is_not_asked_for_a_backup() -> None:
    """One cause, one finding."""
    facts = replace(SICK["keys"], keys_backed_up=False)
    assert ["keys"] == [finding.code for finding in diagnose(facts)]


def test_what_matters_most_comes_first() -> None:
    """Whoever reads one line has read the right one."""
    facts = replace(WELL, keys_backed_up=False, let_go=1_200)
    expected = Finding(
        code="let-go",
        severity=Severity.ERROR,
        what="1,200 events were given up, because the disk did not take them for too long",
        hint="their readers arrived; look at room, permissions and health of the disk that holds data_dir",
    )
    first, second = diagnose(facts)
    assert (expected, "keys-not-backed-up") == (first, second.code)

"""Test cases for link tracking collected from other projects' tests and bug reports."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.paths import CORPUS

_COLLECTION = CORPUS / "peer_cases.jsonl"
_SOURCE_FOLDERS = re.compile(r"\A(?:https://github\.com/|(?!https:).*/)")
_COMMIT = re.compile(r"@[0-9a-f]{12}")

needs_peer_cases = pytest.mark.skipif(not _COLLECTION.is_file(), reason=f"{_COLLECTION} is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCase:
    """One case.

    Attributes:
        name: its source, shortened; numbered if several cases have the same source.
        kind: its subject.
        source_text: markup, a URL, or a description of the input.
        expected: description of the expected result.
    """

    name: str
    kind: str
    source_text: str
    expected: str


def read_cases() -> Iterator[PeerCase]:
    """Read all cases, in order."""
    counts = Counter[str]()
    for line in _COLLECTION.read_text("utf-8").splitlines() if _COLLECTION.is_file() else ():
        row = json.loads(line)
        source = _COMMIT.sub("", _SOURCE_FOLDERS.sub("", row["source"]))
        counts[source] += 1
        name = source if counts[source] == 1 else f"{source} ({counts[source]})"
        yield PeerCase(name=name, kind=row["kind"], source_text=row["input"], expected=row["expect"])


def select_cases(*kinds: str) -> list[PeerCase]:
    """Read the cases of these kinds."""
    return [case for case in read_cases() if case.kind in kinds]


def find_unmet_cases(checks: Mapping[str, Callable[[PeerCase], bool]]) -> list[str]:
    """Return the names of the cases whose kind's check fails."""
    return [case.name for case in select_cases(*checks) if not checks[case.kind](case)]

"""What other projects' tests and bug reports expect of link tracking, read from where they are collected."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.paths import CORPUS

__all__ = ["PeerCase", "find_unmet_cases", "needs_peer_cases", "read_cases", "select_cases"]

_COLLECTION = CORPUS / "peer_cases.jsonl"
_SOURCE_FOLDERS = re.compile(r"\A(?:https://github\.com/|(?!https:).*/)")
_COMMIT = re.compile(r"@[0-9a-f]{12}")

needs_peer_cases = pytest.mark.skipif(
    not _COLLECTION.is_file(), reason=f"the cases of other projects are not at {_COLLECTION}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCase:
    """One expectation.

    Attributes:
        name: where it comes from, without the folders; from the second of one place on with its number there.
        kind: what it is about.
        source_text: markup, a URL, or words that say what is given.
        expected: what the other project does with it, in words.
    """

    name: str
    kind: str
    source_text: str
    expected: str


def read_cases() -> Iterator[PeerCase]:
    """All of them, in their order."""
    seen = Counter[str]()
    for line in _COLLECTION.read_text("utf-8").splitlines() if _COLLECTION.is_file() else ():
        told = json.loads(line)
        place = _COMMIT.sub("", _SOURCE_FOLDERS.sub("", told["source"]))
        seen[place] += 1
        name = place if seen[place] == 1 else f"{place} ({seen[place]})"
        yield PeerCase(name=name, kind=told["kind"], source_text=told["input"], expected=told["expect"])


def select_cases(*kinds: str) -> list[PeerCase]:
    """Those of some kinds."""
    return [case for case in read_cases() if case.kind in kinds]


def find_unmet_cases(checks: Mapping[str, Callable[[PeerCase], bool]]) -> list[str]:
    """The names of those that are not met, by what tells it of each kind."""
    return [case.name for case in select_cases(*checks) if not checks[case.kind](case)]

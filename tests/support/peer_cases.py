"""What other projects' tests and bug reports expect of link tracking, read from where they are collected."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.paths import CORPUS

__all__ = ["Case", "all_cases", "cases", "collected", "unmet"]

_COLLECTION = CORPUS / "peer_cases.jsonl"
_FOLDERS = re.compile(r"\A(?:https://github\.com/|(?!https:).*/)")
_COMMIT = re.compile(r"@[0-9a-f]{12}")

collected = pytest.mark.skipif(
    not _COLLECTION.is_file(), reason=f"the cases of other projects are not at {_COLLECTION}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One expectation.

    Attributes:
        name: where it comes from, without the folders; from the second of one place on with its number there.
        kind: what it is about.
        given: markup, a URL, or words that say what is given.
        expected: what the other project does with it, in words.
    """

    name: str
    kind: str
    given: str
    expected: str


def all_cases() -> Iterator[Case]:
    """All of them, in their order."""
    seen = Counter[str]()
    for line in _COLLECTION.read_text("utf-8").splitlines() if _COLLECTION.is_file() else ():
        told = json.loads(line)
        place = _COMMIT.sub("", _FOLDERS.sub("", told["source"]))
        seen[place] += 1
        name = place if seen[place] == 1 else f"{place} ({seen[place]})"
        yield Case(name=name, kind=told["kind"], given=told["input"], expected=told["expect"])


def cases(*kinds: str) -> list[Case]:
    """Those of some kinds."""
    return [case for case in all_cases() if case.kind in kinds]


def unmet(meets: Mapping[str, Callable[[Case], bool]]) -> list[str]:
    """The names of those that are not met, by what tells it of each kind."""
    return [case.name for case in cases(*meets) if not meets[case.kind](case)]

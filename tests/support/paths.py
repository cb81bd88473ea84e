"""Folders that tests read: the project's root, and shared test data that may be absent."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SHARED: Final = ROOT.parent / "shared"
CORPUS: Final = SHARED / "corpus"
CASES: Final = SHARED / "cases"

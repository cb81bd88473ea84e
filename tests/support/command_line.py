"""Run the command line as a process."""

import subprocess
import sys
from pathlib import Path

from tests.support.waiting import TIMEOUT_S


def run_clicktrail(*arguments: str, folder: Path, timeout_s: float = TIMEOUT_S) -> subprocess.CompletedProcess[str]:
    """Run ``clicktrail`` with these arguments and ``folder`` as its current folder."""
    return subprocess.run(
        [sys.executable, "-m", "clicktrail", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )

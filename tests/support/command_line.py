"""Run the command line as a user does: as a process."""

import subprocess
import sys
from pathlib import Path

__all__ = ["run_clicktrail"]


def run_clicktrail(*arguments: str, folder: Path, timeout_s: int = 60) -> subprocess.CompletedProcess[str]:
    """Run ``run_clicktrail`` with arguments in a folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "clicktrail", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )

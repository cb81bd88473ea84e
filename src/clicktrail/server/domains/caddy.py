"""Write Caddy's configuration file, and let a running Caddy use it."""

import shutil
import subprocess
from pathlib import Path

from clicktrail.atomic_file import write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import ClicktrailError, StorageError

_FILE_MODE = 0o644
"""Caddy runs as another user."""
_RELOAD_TIMEOUT_S = 60
_SHOWN_CHARS = 300


def write_caddyfile(path: Path, text: str) -> None:
    """Replace the file atomically.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        write_atomically(path, text.encode())
        path.chmod(_FILE_MODE)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {describe_os_error(error, path)}") from error


def replace_and_reload(path: Path, text: str, *, main: Path) -> None:
    """Replace the file and reload Caddy. If Caddy refuses it, the old file is restored.

    Args:
        path: file to replace.
        text: its new content.
        main: the configuration file that Caddy runs with: the same file, or one that imports it.

    Raises:
        ClicktrailError: Caddy is not installed, does not run, or refused the configuration.
        StorageError: the file cannot be written.
    """
    old = path.read_text("utf-8") if path.exists() else None
    write_caddyfile(path, text)
    try:
        _reload(main)
    except ClicktrailError:
        if old is not None:
            write_caddyfile(path, old)
        raise


def _reload(main: Path) -> None:
    program = shutil.which("caddy")
    if program is None:
        raise ClicktrailError(
            "caddy is not installed", hint="install Caddy, or leave out --reload and reload it yourself"
        )
    command = [program, "reload", "--config", str(main), "--adapter", "caddyfile"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=_RELOAD_TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ClicktrailError(f"caddy reload took more than {_RELOAD_TIMEOUT_S} s") from error
    if result.returncode:
        lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].removeprefix("Error: ")[:_SHOWN_CHARS] if lines else f"exit status {result.returncode}"
        raise ClicktrailError(
            f"Caddy did not take {main}: {reason}", hint="start Caddy if it does not run: systemctl start caddy"
        )

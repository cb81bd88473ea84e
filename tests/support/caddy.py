"""Caddy, from a package of the registry: check a configuration, and run one."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CADDY = Path(sys.executable).parent / "caddy"


def adapt_caddyfile(text: str) -> dict[str, Any]:
    """Caddy's own JSON for a Caddyfile; the test fails if Caddy refuses or would format it in another way."""
    command = [str(CADDY), "adapt", "--config", "/dev/stdin", "--adapter", "caddyfile", "--validate"]
    result = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    assert b"is not formatted" not in result.stderr, result.stderr.decode()
    config: dict[str, Any] = json.loads(result.stdout)
    return config


@dataclass(kw_only=True)
class RunningCaddy:
    """A running Caddy.

    Attributes:
        log: its log's entries so far.
    """

    log: list[dict[str, Any]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, message: str) -> dict[str, Any]:
        """Wait until the log has an entry with this text in its message, and return the entry."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._find(message) or self.has_ended)
        entry = self._find(message)
        assert entry, self.log
        return entry

    has_ended: bool = False

    def _find(self, message: str) -> dict[str, Any] | None:
        return next((entry for entry in self.log if message in entry["msg"]), None)

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._changed:
                self.log.append(json.loads(line) if line.startswith(b"{") else {"msg": line.decode()})
                self._changed.notify_all()
        async with self._changed:
            self.has_ended = True
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def running_caddy(config: Path) -> AsyncIterator[RunningCaddy]:
    """Run Caddy with a configuration file until the context ends."""
    process = await asyncio.create_subprocess_exec(
        CADDY, "run", "--config", config, "--adapter", "caddyfile", stderr=asyncio.subprocess.PIPE, cwd=config.parent
    )
    assert process.stderr
    caddy = RunningCaddy()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(caddy._read_log(process.stderr))
        try:
            await caddy.wait_for("serving initial configuration")
            yield caddy
        finally:
            with contextlib.suppress(ProcessLookupError):  # it did not start
                process.terminate()
            await process.wait()

"""Wait until the edge workers of this machine have applied a changed file, and say so."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clicktrail.server.settings import Settings


async def wait_for_edges(settings: "Settings", path: Path) -> str:
    """Wait some seconds until the edge workers have applied a file of the data folder. Returns what became of it."""
    from clicktrail.server.applied_files import find_outdated_workers

    outdated, count = await find_outdated_workers(settings.applied_files_path, path)
    is_copied = settings.registry.url and path in {settings.overrides_path, settings.served_domains_path}
    elsewhere = ", and on other machines within about 10 seconds" if is_copied else ""
    if outdated:
        return f"not in force yet in {', '.join(outdated)}: the log of clicktrail serve says why{elsewhere}"
    if not count:
        return f"in force when an edge of this data folder starts{elsewhere}"
    return f"in force in {'the edge worker' if count == 1 else f'all {count} edge workers'}{elsewhere}"

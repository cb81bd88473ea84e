import os
from collections.abc import Iterator
from pathlib import Path


def iterate_file_contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Files below a folder with their contents. Files that a running server deletes meanwhile are left out."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            try:
                yield path, path.read_bytes()
            except FileNotFoundError:
                continue

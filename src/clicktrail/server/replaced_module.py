"""Import a package without a module that it imports and we do not use."""

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def replaced_module(name: str, replacement: ModuleType | None) -> Iterator[None]:
    """Replace a module for the imports in the block; None makes its import fail. A loaded module is not replaced."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = replacement  # type: ignore[assignment]  # None is documented: reference, "The module cache"
    try:
        yield
    finally:
        del sys.modules[name]

"""Read JSON files of the data folder."""

from pathlib import Path
from typing import TypeVar

import msgspec

from clicktrail.errors import StorageError

_Document = TypeVar("_Document")


def read_json_file(
    path: Path, type_: type[_Document], *, default: _Document, failure: str, hint: str = ""
) -> _Document:
    """Read a JSON file; ``default`` if it does not exist.

    Args:
        path: the file.
        type_: type of the document, as `msgspec` decodes it.
        default: result for a missing file.
        failure: start of the error message, such as ``cannot read the networks in``; the path follows.
        hint: hint of the error.

    Raises:
        StorageError: the file cannot be read, is not UTF-8, not JSON, or of another type.
    """
    try:
        return msgspec.json.decode(path.read_text("utf-8"), type=type_)
    except FileNotFoundError:
        return default
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StorageError(f"{failure} {path}: {error}", hint=hint) from error

"""The SQL files, and how values get into them.

Every statement stands in a file of ``queries/`` or ``migrations/``, one a file, in ClickHouse's dialect: what chDB
runs in the process, a cluster runs unchanged. Values are never spliced in: a statement names its parameters,
``{campaign:String}``, and ClickHouse binds them.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

__all__ = ["Value", "migrations", "parameter", "query"]

Value = str | Sequence[str] | None

_FOLDER = files("clicktrail.server.analytics")
_TAB_SEPARATED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_QUOTED = str.maketrans({"\\": "\\\\", "'": "\\'"})


@cache
def query(name: str) -> str:
    """The statement of ``queries/NAME.sql``."""
    return (_FOLDER / "queries" / f"{name}.sql").read_text("utf-8")


def migrations() -> dict[str, str]:
    """Every migration's statement by its file name, in the order in which they apply."""
    found = sorted((_FOLDER / "migrations").iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text("utf-8") for file in found if file.name.endswith(".sql")}


def parameter(value: Value) -> str:
    """A query parameter's text: a String, a NULL or an Array(String).

    ClickHouse reads a parameter in its TabSeparated escaping, an array in its literals' (reference: "Formats for
    input and output data", TabSeparated).
    """
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_TAB_SEPARATED)
    return "[" + ",".join(f"'{item.translate(_QUOTED)}'" for item in value) + "]"

"""Convert the values of options and arguments without Pydantic.

Typer converts every value with Pydantic, which takes longer to import than all else that a short command needs. Text,
paths, decimal numbers and parameters that are not given need no Pydantic. All other values are left to Typer.
"""

from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperOption

_TEXT_TYPES = (str, Path)


def convert_without_pydantic() -> None:
    """Patch Typer so that every parameter converts its values with `_Conversion`."""
    build_typer_conversion: Any = TyperOption.get_runtime_param  # the same function in TyperArgument

    def get_conversion(parameter: Any) -> _Conversion:
        return _Conversion(lambda: build_typer_conversion(parameter))

    for parameter_class in (TyperArgument, TyperOption):
        setattr(parameter_class, "get_runtime_param", get_conversion)  # noqa: B010 - mypy rejects the assignment


class _Conversion:
    """Replaces Typer's ``RuntimeParam``, which it builds only for values that need Pydantic."""

    def __init__(self, build_typer_conversion: Any) -> None:
        self._build_typer_conversion = build_typer_conversion

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert text from the command line; None if the parameter is not given."""
        takes_many = param.multiple or param.nargs == -1
        if value is None:
            return () if takes_many else None
        type_ = param.type_descriptor.annotation
        if param.type_descriptor.parameter_info.parser is None:
            if type_ in _TEXT_TYPES:
                return type_(value)
            if type_ == list[str] and takes_many:
                return list(value)
            if type_ is int and _is_number(value):
                return int(value)
            if type_ == list[int] and takes_many and all(map(_is_number, value)):
                return list(map(int, value))
        return self._build_typer_conversion().coerce(value, param=param, ctx=ctx)


def _is_number(value: object) -> bool:
    """Whether a value is a number, or text of one without sign, which needs no error message."""
    return isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdecimal())

"""Decode TOML files, and explain their errors in the words of TOML instead of Python's types."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from clicktrail.errors import SettingsError

_T = TypeVar("_T")

_WRONG_TYPE = re.compile(
    r"Expected `(?P<expected>[^`|]+?)(?: \| [^`]*)?`(?P<limit>[^,-]*?)"
    r"(?:, got `(?P<actual>[^`]+)`)?(?: - at `(?P<path>.+)`)?"
)
_MISSING_FIELD = re.compile(r"Object missing required field `(?P<key>.+?)`(?: - at `(?P<path>.+)`)?")
_INVALID_ENUM_VALUE = re.compile(r"Invalid enum value (?P<value>.+) - at `(?P<path>.+)`")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<key>.+?)`(?: - at `(?P<path>.+)`)?")
_TYPE_NAMES = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in square brackets",
    "object": "a table",
}
_LIMIT_PHRASES = {" of length >= ": " of a length of at least ", " >= ": " of at least "}


_MAX_TOML_CHARS = 8_388_608
"""The address ranges of a cloud have up to two million. Of a hostile file, each million takes about a second."""
_MAX_KEY_PARTS = 16
_LONG_DOTTED_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{_MAX_KEY_PARTS}}}""")
"""The time of `tomllib` is cubic in the number of a key's parts. Ours have up to three."""


def decode_toml(text: str, type_: type[_T], *, name: str) -> _T:
    """Decode a TOML document into a msgspec type; errors call the document ``name``, such as "the policy".

    Raises:
        SettingsError: not TOML, an unknown or missing key, a wrong value, or too large or too deeply nested.
    """
    if len(text) > _MAX_TOML_CHARS:
        raise SettingsError(f"{name} has more than {_MAX_TOML_CHARS:,} characters")
    if _LONG_DOTTED_KEY.search(text):
        raise SettingsError(f"{name} has a key of more than {_MAX_KEY_PARTS} parts")
    try:
        tree = tomllib.loads(text)
    except ValueError as error:  # also numbers of thousands of digits
        raise SettingsError(f"{name} is not TOML: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{name} is nested too deeply") from error
    return convert_config(tree, type_, name=name)


def convert_config(tree: Mapping[str, Any], type_: type[_T], *, name: str, strict: bool = True) -> _T:
    """Convert decoded TOML into a msgspec type; unless ``strict``, a number may be in quotes.

    Raises:
        SettingsError: an unknown or missing key, or a wrong value.
    """
    _reject_unknown_keys(tree, type_, name=name)
    try:
        return msgspec.convert(tree, type_, strict=strict)
    except msgspec.ValidationError as error:
        raise SettingsError(f"in {name}: {explain_error(error)}") from error


def explain_error(error: msgspec.ValidationError) -> str:
    """Explain a validation error by the key's path, as in ``relay.next_hop must be text in quotes, not a number``."""
    text = str(error)
    if match := _WRONG_TYPE.fullmatch(text):
        limit = match["limit"]
        for operator, phrase in _LIMIT_PHRASES.items():
            limit = limit.replace(operator, phrase)
        actual = f", not {_describe_type(match['actual'])}" if match["actual"] else ""
        return f"{_describe_path(match['path'])} must be {_describe_type(match['expected'])}{limit}{actual}"
    if match := _INVALID_ENUM_VALUE.fullmatch(text):
        return f"{_describe_path(match['path'])} cannot be {match['value']}"
    for pattern, problem in ((_UNKNOWN_FIELD, "unknown"), (_MISSING_FIELD, "missing")):
        if match := pattern.fullmatch(text):
            return f"{problem} key '{match['key']}'" + (f" in {_describe_path(match['path'])}" if match["path"] else "")
    return text


def suggest_name(name: str, known_names: Iterable[str]) -> str:
    """Hint for an unknown name: the most similar known name, or all of them."""
    names = list(known_names)
    similar = difflib.get_close_matches(name.lower(), names, n=1)
    return f"did you mean '{similar[0]}'?" if similar else f"known values: {', '.join(names)}"


def _reject_unknown_keys(tree: Mapping[str, Any], type_: type, *, name: str, prefix: str = "") -> None:
    """Check a table and the tables within it. msgspec reports the same errors, but without a suggestion."""
    if not _forbids_unknown_keys(type_):
        return
    known_types = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
    for key, value in tree.items():
        if key not in known_types:
            raise SettingsError(f"in {name}: unknown key '{prefix}{key}'", hint=suggest_name(key, known_types))
        if isinstance(value, Mapping):
            _reject_unknown_keys(value, known_types[key], name=name, prefix=f"{prefix}{key}.")


def _forbids_unknown_keys(type_: object) -> bool:
    return (
        isinstance(type_, type) and issubclass(type_, msgspec.Struct) and type_.__struct_config__.forbid_unknown_fields
    )


def _describe_type(msgspec_type: str) -> str:
    return _TYPE_NAMES.get(msgspec_type, msgspec_type)


def _describe_path(path: str | None) -> str:
    """Describe a path such as ``$.mediums[...]``, in which msgspec does not name the key of a mapping."""
    key = (path or "").removeprefix("$").removeprefix(".")
    mapping = key.removesuffix("[...]")
    return (mapping or "the file") if mapping == key else f"a value of {mapping or 'the file'}"

"""Say in the words of a file's author what is wrong with a value there: msgspec says it in those of its types."""

import re

import msgspec

__all__ = ["explain_error"]

_WRONG_TYPE = re.compile(
    r"Expected `(?P<wanted>[^`|]+?)(?: \| [^`]*)?`(?P<limit>[^,-]*?)"
    r"(?:, got `(?P<got>[^`]+)`)?(?: - at `(?P<path>.+)`)?"
)
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


def explain_error(error: msgspec.ValidationError) -> str:
    """What is wrong, with the key's path, such as ``relay.next_hop has to be text in quotes, and is a list``."""
    text = str(error)
    if found := _WRONG_TYPE.fullmatch(text):
        limit = found["limit"]
        for theirs, ours in _LIMIT_PHRASES.items():
            limit = limit.replace(theirs, ours)
        but = f", and is {_describe_type(found['got'])}" if found["got"] else ""
        return f"{_describe_path(found['path'])} has to be {_describe_type(found['wanted'])}{limit}{but}"
    if found := _INVALID_ENUM_VALUE.fullmatch(text):
        return f"{_describe_path(found['path'])} cannot be {found['value']}"
    if found := _UNKNOWN_FIELD.fullmatch(text):
        return (
            f"{_describe_path(found['path'])} has no key '{found['key']}'"
            if found["path"]
            else f"there is no '{found['key']}'"
        )
    return text


def _describe_type(msgspec_type: str) -> str:
    return _TYPE_NAMES.get(msgspec_type, msgspec_type)


def _describe_path(path: str | None) -> str:
    """The key of a path such as ``$.mediums[...]``; a table's key that may be any is not named by msgspec."""
    key = (path or "").removeprefix("$").removeprefix(".")
    return f"a value of {key.removesuffix('[...]')}" if key.endswith("[...]") else key or "the file"

"""Say in the words of a file's author what is wrong with a value there: msgspec says it in those of its types."""

import re

import msgspec

__all__ = ["said"]

_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`|]+?)(?: \| [^`]*)?`(?P<limit>[^,-]*?)"
    r"(?:, got `(?P<got>[^`]+)`)?(?: - at `(?P<path>.+)`)?"
)
_NO_VALUE = re.compile(r"Invalid enum value (?P<value>.+) - at `(?P<path>.+)`")
_NO_KEY = re.compile(r"Object contains unknown field `(?P<key>.+?)`(?: - at `(?P<path>.+)`)?")
_KINDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in square brackets",
    "object": "a table",
}
_LIMITS = {" of length >= ": " of a length of at least ", " >= ": " of at least "}


def said(error: msgspec.ValidationError) -> str:
    """What is wrong, with the key's path, such as ``relay.next_hop has to be text in quotes, and is a list``."""
    text = str(error)
    if found := _EXPECTED.fullmatch(text):
        limit = found["limit"]
        for theirs, ours in _LIMITS.items():
            limit = limit.replace(theirs, ours)
        but = f", and is {_kind(found['got'])}" if found["got"] else ""
        return f"{_key(found['path'])} has to be {_kind(found['wanted'])}{limit}{but}"
    if found := _NO_VALUE.fullmatch(text):
        return f"{_key(found['path'])} cannot be {found['value']}"
    if found := _NO_KEY.fullmatch(text):
        return (
            f"{_key(found['path'])} has no key '{found['key']}'" if found["path"] else f"there is no '{found['key']}'"
        )
    return text


def _kind(theirs: str) -> str:
    return _KINDS.get(theirs, theirs)


def _key(path: str | None) -> str:
    """The key of a path such as ``$.mediums[...]``; a table's key that may be any is not named by msgspec."""
    key = (path or "").removeprefix("$").removeprefix(".")
    return f"a value of {key.removesuffix('[...]')}" if key.endswith("[...]") else key or "the file"

"""Split a URL into decoded parts: path, parameters and fragment."""

import re
from collections.abc import Iterator

import msgspec

from clicktrail.percent_encoding import unquote, unquote_plus

MAX_PATH_PARTS = 16
"""Parts of a path that are looked at. Each takes about 1 µs, and a message has up to 10,000 links."""
_MAX_PARAMETERS = 24
"""Parameters that are looked at, of query and fragment each. Signed URLs of storage services have about 10."""
_SCHEME = re.compile(r"\A(?:[A-Za-z][A-Za-z0-9+.-]*+:)?+[/\\]*+")
_HOST_END = re.compile(r"[/\\?#]")
_PARAMETER_SEPARATOR = re.compile(r"[&;]")


class UrlParts(msgspec.Struct, frozen=True, gc=False):
    """Decoded parts of a URL.

    Attributes:
        text: everything from the host on.
        path: parts of the path, and of a path in the fragment.
        parameters: names and values of query and fragment.
        fragment: the fragment if it has no parameters.
    """

    text: str
    path: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    fragment: str


def split_url(url: str) -> UrlParts:
    """Split a URL, or the part of one from its path on."""
    text = _SCHEME.sub("", url, count=1)
    end = _HOST_END.search(text)
    before_fragment, _, fragment = text[end.start() if end else len(text) :].partition("#")
    path, _, query = before_fragment.partition("?")
    fragment_path, question_mark, fragment_query = fragment.partition("?")
    if not question_mark and "=" in fragment:
        fragment_path, fragment_query = "", fragment
    parameters = tuple(_iter_parameters(query, fragment_query))
    # Some programs write the path as the first parameter: index.php?lost-password/confirm&c=…
    paths = [
        unquote(path),
        unquote(fragment_path),
        *(name for name, _ in parameters if "/" in name),
    ]
    segments = [part for part in "/".join(paths).replace("\\", "/").split("/") if part]
    return UrlParts(
        text=unquote(text),
        path=tuple(segments[:MAX_PATH_PARTS]),
        parameters=parameters,
        fragment="" if fragment_query else unquote(fragment),
    )


def _iter_parameters(*queries: str) -> Iterator[tuple[str, str]]:
    for query in queries:
        if query:
            for pair in _PARAMETER_SEPARATOR.split(query, _MAX_PARAMETERS)[:_MAX_PARAMETERS]:
                name, _, value = pair.partition("=")
                yield unquote_plus(name), unquote_plus(value)

"""Take a URL out of the URLs of the services that wrapped it."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from clicktrail.model.hosts import extract_host
from clicktrail.percent_encoding import unquote
from clicktrail.wrapped_urls import proofpoint
from clicktrail.wrapped_urls.rules import WrapperRule, load_wrapper_rules

MAX_URL_CHARS = 50_000
"""Longer ones are not unwrapped: a link that passed several gateways has some thousand characters."""

_MAX_LAYERS = 10
_MAX_ENCODINGS = 3
"""How many times a URL is percent-encoded within its wrapper."""
_WEB_URL = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_COLLAPSED_SCHEME = re.compile(r"\A(https?:/)(?=[^/])", re.IGNORECASE)
_URL_IN_PATH = re.compile(r"https?(?::|%(?:25)*3a)(?:/|%(?:25)*2f)", re.IGNORECASE)
_UNDERSCORES = "___"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ORIGIN = re.compile(r"\A[a-z][a-z0-9+.-]*:[/\\]*[^/\\?#]*", re.IGNORECASE)
_SCHEME = re.compile(r"\A\s*https?:[/\\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """A service that wrapped a URL.

    Attributes:
        by: its short name, such as ``safe-links``.
        name: its name for people.
        host: the host of its URL.
    """

    by: str
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappedUrl:
    """What was found in a URL.

    Attributes:
        url: the innermost URL; the URL itself if it has no wrapper.
        wrappers: the services that wrapped it, outermost first.
        closed: the service that wrapped the rest, if ``url`` is its URL and cannot be unwrapped offline; else None.
        closed_by_id: whether that URL has an id by design, and is not damaged.
        named_host: the host that it names as its destination; empty if it names none.
    """

    url: str
    wrappers: tuple[Wrapper, ...] = ()
    closed: Wrapper | None = None
    closed_by_id: bool = False
    named_host: str = ""


def unwrap_url(url: str) -> UnwrappedUrl:
    """Unwrap a URL as far as that is possible without asking anyone."""
    wrappers = list[Wrapper]()
    while len(wrappers) < _MAX_LAYERS and len(url) <= MAX_URL_CHARS:
        host = extract_host(url) if _SCHEME.match(url) else ""
        rules = _find_rules(url, host) if host else []
        if not rules:
            break
        wrapper = Wrapper(by=rules[0].by, name=rules[0].name, host=host)
        inner = next((found for rule in rules for found in _find_urls(url, rule)), "")
        if not inner:
            return _close(url, rules[0], wrapper, wrappers)
        wrappers.append(wrapper)
        url = inner
    return UnwrappedUrl(url=url, wrappers=tuple(wrappers))


def _close(url: str, rule: WrapperRule, wrapper: Wrapper, wrappers: list[Wrapper]) -> UnwrappedUrl:
    """The result for a URL of a service that has no URL inside; pages of a service's own site are no wrappers."""
    names = [value for name, value in _list_parameters(url) if name == rule.named_host]
    has_parameters = any(name in rule.parameters for name, _ in _list_parameters(url))
    is_wrapper = rule.only_id or rule.form != "plain" or has_parameters
    return UnwrappedUrl(
        url=url,
        wrappers=tuple(wrappers),
        closed=wrapper if is_wrapper else None,
        closed_by_id=is_wrapper and rule.only_id,
        named_host=extract_host(f"https://{unquote(names[0])}/") if names else "",
    )


def _find_rules(url: str, host: str) -> list[WrapperRule]:
    path = unquote(_split_url(url)[0])
    return [rule for rule in load_wrapper_rules() if rule.matches(host, path)]


def _find_urls(url: str, rule: WrapperRule) -> Iterator[str]:
    """The URLs inside a URL of a service, the likeliest first."""
    path, _, fragment = _split_url(url)
    if rule.form == "proofpoint-3":
        yield from _read_url(proofpoint.decode_version_3(url))
        return
    if rule.form == "underscores":
        yield from _read_url(url.partition(_UNDERSCORES)[2].rpartition(_UNDERSCORES)[0])
    parameters = _list_parameters(url)
    for wanted in rule.parameters:
        for name, value in parameters:
            if name.removeprefix("amp;") == wanted:
                text = proofpoint.decode_version_2(value) if rule.form == "proofpoint-2" else value
                # A fragment belongs to the URL inside if that is not encoded.
                yield from _read_url(text + fragment * ("://" in value))
    if not rule.parameters or rule.only_id:
        for _, value in parameters:
            yield from _read_url(value)
        if found := _URL_IN_PATH.search(path):
            # What follows belongs to the URL inside if that is not encoded.
            rest = path[found.start() :]
            yield from _read_url(rest + (url.partition(path)[2] if "://" in rest else ""))
        yield from (url for part in path.split("/") for url in _read_url(part))


def _read_url(text: str) -> Iterator[str]:
    """Yield the web URL that a text is: as it is, percent-encoded, in Base64, or in JSON."""
    for _ in range(_MAX_ENCODINGS):
        candidate = _COLLAPSED_SCHEME.sub(r"\1/", text.replace("&amp;", "&"))
        if _WEB_URL.match(candidate) and extract_host(candidate):
            yield candidate
            return
        if _BASE64.fullmatch(text):
            yield from _read_base64(text)
            return
        text = unquote(text)


def _read_base64(text: str) -> Iterator[str]:
    encoded = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        if raw.startswith(b"x"):  # a header of zlib (RFC 1950)
            raw = zlib.decompressobj().decompress(raw, MAX_URL_CHARS)
        decoded = raw.decode()
    except (binascii.Error, ValueError, zlib.error):
        return
    if decoded.startswith("{"):
        decoded = _read_json(decoded)
    if _WEB_URL.match(decoded) and extract_host(decoded):
        yield decoded


def _read_json(text: str) -> str:
    try:
        url = json.loads(text).get("url")
    except (ValueError, RecursionError):
        return ""
    return url if isinstance(url, str) else ""


def _split_url(url: str) -> tuple[str, str, str]:
    """Path, query and fragment of a URL, as written; the fragment with its number sign."""
    origin = _ORIGIN.match(url)
    rest, number_sign, fragment = url[origin.end() if origin else 0 :].partition("#")
    path, _, query = rest.partition("?")
    return path, query, number_sign + fragment


def _list_parameters(url: str) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in _split_url(url)[1].split("&"))
    return [(name, value) for name, _, value in pairs]

"""Recognise the web analytics of a landing page by the script tags of its HTML, and what drops UTM parameters there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from urllib.parse import urljoin, urlsplit

import msgspec
import re2

from clicktrail.config_text import decode_toml
from clicktrail.model.hosts import extract_host
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, decode_attribute_value

_SCRIPT_OR_COMMENT = re.compile(
    r"<!--.*?(?:-->|\Z) | <script(?=[\s/>])(?P<attributes>[^<>]*+)> (?P<code>.*?) (?:</script|\Z)",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_MATOMO_KEYS = re.compile(r"""setCampaignNameKey["']\s*,\s*(?P<keys>\[[^\[\]]*\]|["'][^"']*["'])""")


class AnalyticsScript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tags of one product look like; see data/analytics_scripts.toml."""

    name: str
    source: str
    date: date
    src: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    beacon: str = ""


class _ScriptsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    script: tuple[AnalyticsScript, ...]


class ScriptTag(msgspec.Struct, frozen=True, kw_only=True):
    """A script element.

    Attributes:
        url: absolute URL of its source; empty for inline code.
        attributes: by name in lower case, character references decoded.
    """

    url: str
    attributes: Mapping[str, str]
    code: str


class FoundScript(msgspec.Struct, frozen=True, kw_only=True):
    """A script element of a known product."""

    product: AnalyticsScript
    tag: ScriptTag

    @property
    def beacon_host(self) -> str:
        """Host that gets the page views; empty if unknown."""
        own_url = self.tag.attributes.get("data-host-url") or self.tag.attributes.get("data-api") or ""
        return extract_host(own_url) or self.product.beacon or extract_host(self.tag.url)


def find_analytics(html: str, page_url: str) -> tuple[FoundScript, ...]:
    """Script elements of known products. What another script loads, such as a tag manager, is not seen."""
    found: list[FoundScript] = []
    for tag in _find_script_tags(html, page_url):
        product = next((script for script in _load_scripts() if _matches(script, tag)), None)
        if product:
            found.append(FoundScript(product=product, tag=tag))
    return tuple(found)


def has_other_matomo_keys(script: FoundScript) -> bool:
    """Whether the page names its own campaign parameters for Matomo, and ``utm_campaign`` is not among them."""
    keys = _MATOMO_KEYS.search(script.tag.code)
    return keys is not None and "utm_campaign" not in keys["keys"]


def excludes_search(script: FoundScript) -> bool:
    """Whether Umami drops the query of every page: ``data-exclude-search="true"``."""
    return script.tag.attributes.get("data-exclude-search", "").lower() == "true"


def excludes_page(script: FoundScript, page_url: str) -> bool:
    """Whether Plausible's ``data-exclude`` or ``data-include`` leaves the page out."""
    path = urlsplit(page_url).path or "/"
    excluded, included = (script.tag.attributes.get(f"data-{name}", "") for name in ("exclude", "include"))
    return _matches_any(path, excluded) or bool(included and not _matches_any(path, included))


def find_blocked_host(script: FoundScript, page_url: str, policies: Sequence[str]) -> str:
    """Host of the script or its beacon that the page's Content-Security-Policy forbids; empty if none is."""
    for directive, host in (("script-src", extract_host(script.tag.url)), ("connect-src", script.beacon_host)):
        if host and not all(_allows(policy, directive, host, page_url) for policy in policies):
            return host
    return ""


@cache
def _load_scripts() -> tuple[AnalyticsScript, ...]:
    text = (resources.files("clicktrail.server.doctor") / "data" / "analytics_scripts.toml").read_text("utf-8")
    return decode_toml(text, _ScriptsFile, name="analytics_scripts.toml").script


def _find_script_tags(html: str, page_url: str) -> Iterator[ScriptTag]:
    for match in _SCRIPT_OR_COMMENT.finditer(html):
        if match["code"] is None:
            continue
        attributes = {
            name.lower(): decode_attribute_value(double or single or bare or "")
            for name, double, single, bare in ATTRIBUTE.findall(match["attributes"])
        }
        source = attributes.get("src", "").strip()
        yield ScriptTag(url=_resolve(page_url, source), attributes=attributes, code=match["code"])


def _resolve(page_url: str, source: str) -> str:
    try:
        return urljoin(page_url, source) if source else ""
    except ValueError:
        return ""


def _matches(script: AnalyticsScript, tag: ScriptTag) -> bool:
    return (
        any(part in tag.url for part in script.src)
        or any(name in tag.attributes for name in script.attributes)
        or (not tag.url and any(part in tag.code for part in script.code))
    )


def _matches_any(path: str, patterns: str) -> bool:
    """Whether a path matches one of Plausible's patterns, separated by commas: ``*`` is a part, ``**`` any parts."""
    return any(
        re2.fullmatch(
            re.escape(pattern.strip()).replace(r"\*\*", ".*").replace(r"\*", "[^/]*"), path.rstrip("/") or "/"
        )
        for pattern in patterns.split(",")
        if pattern.strip()
    )


def _allows(policy: str, directive: str, host: str, page_url: str) -> bool:
    """Whether a policy allows a host, as far as its hosts and schemes say (CSP level 3, section 6.7.2)."""
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.lower().split()
        if words:
            directives.setdefault(words[0], words[1:])
    sources = directives.get(directive, directives.get("default-src"))
    if sources is None or "'strict-dynamic'" in sources or any(source.startswith("'nonce-") for source in sources):
        return True
    return any(_is_source(source, host, page_url) for source in sources)


def _is_source(source: str, host: str, page_url: str) -> bool:
    if source == "'self'":
        return host == extract_host(page_url)
    pattern = source.partition("://")[2] or source
    pattern = pattern.partition("/")[0].partition(":")[0]
    return source in {"*", "https:", "http:"} or pattern == host or (pattern[:2] == "*." and host.endswith(pattern[1:]))

"""Where in an HTML body a link is that must not be tracked: quoted replies, code, and actions for mail programs.

- A quoted reply or forwarded message has a sign that the mail program writes (data/quoted_replies.toml). An ordinary
  ``blockquote`` has none.
- Code is the content of ``pre``, ``code``, ``kbd`` and ``samp``. A link around such an element is not in code.
- An action is a property, in microdata, of a schema.org type whose name ends in ``Action`` or ``ActionHandler``, or of
  an ``EntryPoint``. Gmail shows it as a button above the message and requests its URL itself, also with POST
  (developers.google.com/workspace/gmail/markup/actions/actions-overview, read on 2026-12-01), which a tracking URL does
  not answer. Properties of other types, such as the ``url`` of a ``Product``, are links that people click.

Most bodies have no such place: `examine_html` finds that out in the pass that the tokenizer needs anyway.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

import msgspec
import re2

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Exclusion
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, SIMPLE_HTML, AnyTag, decode_attribute_value, find_all_tags
from clicktrail.rewrite.quoted_replies import QuoteScope, compile_quote_signs

_CODE_TAGS = ("pre", "code", "kbd", "samp")
_LINK_TAGS = ("a", "area")
_VOID_TAGS = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_ACTION_TYPE = re.compile(r"(?:.*/)?([^/]*(?:Action|ActionHandler|EntryPoint))/?", re.ASCII)
_ACTION_PROPERTIES = frozenset({"potentialAction", "action", "handler"})
_MAX_TAG_CHARS = 10_000
"""Characters of a tag whose attributes are read."""
_MAX_TAGS = 50_000
"""Tags that are read, each in up to 20 µs. Of 638 real bodies, the one with the most has 4,437."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A part of the body whose links must not be tracked."""

    start: int
    end: int
    exclusion: Exclusion


class _Element(msgspec.Struct, gc=False):
    """An open element that is a place or a scope of microdata.

    Attributes:
        depth: open elements of the same name since its start tag, itself included.
        exclusion: set if it is a place.
        is_scope: whether it is a scope of microdata.
        action: type of the action if it is the scope of one; else empty.
    """

    name: str
    start: int
    depth: int = 1
    exclusion: Exclusion | None = None
    is_scope: bool = False
    action: str = ""


class HtmlShape(msgspec.Struct, frozen=True, gc=False):
    """What one pass over a body finds out.

    Attributes:
        is_simple: whether the tokenizer may search for tags, instead of reading token by token.
        may_have_places: False only if `find_places` finds none.
    """

    is_simple: bool
    may_have_places: bool


_RE2_OPTIONS = re2.Options()
_RE2_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # byte by byte: the patterns only name ASCII characters
_RE2_OPTIONS.never_capture = True
_RE2_OPTIONS.case_sensitive = False


@cache
def _compile_shapes() -> "re2.Set":
    signs = rf"{compile_quote_signs().pattern}|<(?:{'|'.join(_CODE_TAGS)})[\s/>]|itemscope"
    patterns = re2.Set.FullMatchSet(_RE2_OPTIONS)
    patterns.Add(SIMPLE_HTML)
    patterns.Add(rf"(?s).*(?:{signs}).*")
    patterns.Compile()
    return patterns


def examine_html(html: str) -> HtmlShape:
    """Find out in one pass whether a body is simple, and whether it has a sign of a place."""
    matches = _compile_shapes().Match(html.encode("utf-8", "surrogatepass")) or ()
    return HtmlShape(is_simple=0 in matches, may_have_places=1 in matches)


def find_places(html: str) -> Iterator[Place]:
    """Find the places of a body, in order. They do not overlap. A place that is not closed goes on to the end."""
    reader = _PlaceReader()
    for tag in islice(find_all_tags(html), _MAX_TAGS):
        place = reader.close(tag) if tag.is_end else reader.open(html, tag)
        if place:
            yield place
        if reader.is_rest_quoted:
            break
    if reader.place and reader.place.exclusion:
        yield Place(reader.place.start, len(html), reader.place.exclusion)


@dataclass(slots=True)
class _PlaceReader:
    """Keeps the open elements that matter. Elements of one name close in the reverse order in which they opened.

    Attributes:
        place: the outermost open element that is a place.
        is_rest_quoted: whether the place goes on to the end of the body.
    """

    place: _Element | None = None
    is_rest_quoted: bool = False
    elements: list[_Element] = field(default_factory=list)
    elements_by_name: dict[str, list[_Element]] = field(default_factory=dict)
    scopes: list[_Element] = field(default_factory=list)

    def open(self, html: str, tag: AnyTag) -> Place | None:
        same_name = self.elements_by_name.get(tag.name)
        if same_name:
            same_name[-1].depth += 1
        if self.place:
            return None
        attributes = _read_attributes(html, tag)
        if not attributes and tag.name not in _CODE_TAGS:
            return None
        element = _Element(tag.name, tag.start)
        if tag.name in _CODE_TAGS:
            element.exclusion = Exclusion(LinkReason.CODE, tag.name)
        if sign := compile_quote_signs().find(tag.name, attributes):
            element.exclusion = Exclusion(LinkReason.QUOTED, sign.program if sign.attribute == "style" else sign.value)
            self.is_rest_quoted = sign.scope is QuoteScope.REST
        if "itemscope" in attributes:
            element.is_scope = True
            element.action = _classify_action(attributes)
        action = element.action or (self.scopes[-1].action if self.scopes else "")
        if tag.name not in _VOID_TAGS or self.is_rest_quoted:
            self._push(element)
        if action and tag.name in _LINK_TAGS and "itemprop" in attributes and not element.exclusion:
            return Place(tag.start, tag.end, Exclusion(LinkReason.ACTION, action))
        return None

    def _push(self, element: _Element) -> None:
        if element.exclusion:
            self.place = element
        elif not element.is_scope:
            return
        if element.is_scope:
            self.scopes.append(element)
        same_name = self.elements_by_name.setdefault(element.name, [])
        if same_name:
            same_name[-1].depth -= 1  # its start tag was counted for the element around it
        same_name.append(element)
        self.elements.append(element)

    def close(self, tag: AnyTag) -> Place | None:
        same_name = self.elements_by_name.get(tag.name)
        if not same_name:
            return None
        closed = same_name[-1]
        closed.depth -= 1
        if closed.depth:
            return None
        place = None
        while True:  # with all elements in it that are still open
            element = self.elements.pop()
            self.elements_by_name[element.name].pop()
            if element.is_scope:
                self.scopes.pop()
            if element is self.place and element.exclusion:
                place, self.place = Place(element.start, tag.end, element.exclusion), None
            if element is closed:
                return place


@cache
def _compile_attribute_signs() -> "re2._Regexp":
    return re2.compile(rf"{compile_quote_signs().pattern}|itemscope|itemprop".encode(), _RE2_OPTIONS)


def _read_attributes(html: str, tag: AnyTag) -> Mapping[str, str]:
    """Return the attributes of a tag, names in lower case; none if no sign and no microdata is among them."""
    if not tag.attributes_start < tag.end - 1 <= tag.attributes_start + _MAX_TAG_CHARS:
        return {}
    text = html[tag.attributes_start : tag.end - 1]
    if not _compile_attribute_signs().search(text.encode("utf-8", "surrogatepass")):
        return {}
    # Of several attributes with one name the first counts. In reverse, it is the last to be set.
    return {
        name.lower(): decode_attribute_value(double or single or unquoted)
        for name, double, single, unquoted in reversed(ATTRIBUTE.findall(text))
    }


def _classify_action(attributes: Mapping[str, str]) -> str:
    """Return the type of the action whose scope an element is; empty if it is none."""
    for item_type in attributes.get("itemtype", "").split():
        if action := _ACTION_TYPE.fullmatch(item_type):
            return action[1]
    if "itemtype" in attributes:
        return ""
    return next((name for name in attributes.get("itemprop", "").split() if name in _ACTION_PROPERTIES), "")

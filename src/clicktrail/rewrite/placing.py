"""Number the links of a message, and have a tracking URL made for each."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite import html, text
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.charrefs import decode
from clicktrail.rewrite.flowed import Flow
from clicktrail.rewrite.naming import name_hosts
from clicktrail.rewrite.policy import Judgement, PlainText, Policy
from clicktrail.rewrite.twins import first_of_twins

__all__ = ["Body", "Placed", "place", "written"]

# Safe in every quoting of HTML and in plain text, and the last character is one that autolinkers never cut off.
_TRACKING_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/[A-Za-z0-9/._-]*[A-Za-z0-9]")
_TO_QUOTE = re.compile(r"""["'<>`\s]|[^\x00-\x7f]""")


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A link that needs a tracking URL.

    Attributes:
        destination: an absolute http or https URL that a WHATWG parser takes, as the message writes it, with UTM
            parameters: it may hold spaces and characters beyond ASCII, but no tab or line break.
        position: its number among the message's tracked links, from 0.
        links: how many positions the message has.
        part: the kind of body that the tracking URL is for; in plain text its reader sees it.
        group: by which reports count it as one link with others; empty if none. See `Link`.
    """

    destination: str
    position: int
    links: int
    part: Part
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One body of a message, decoded.

    Attributes:
        number: its place among the bodies of its message, from 0.
        part: HTML or plain text.
        text: its characters.
        legible: False if only the ASCII characters among them are known to be right.
        flow: how the lines of a plain text hang together.
    """

    number: int = 0
    part: Part
    text: str
    legible: bool = True
    flow: Flow = Flow.FIXED


def place(
    bodies: Sequence[Body],
    *,
    policy: Policy,
    tag: Callable[[Candidate], str],
    tracking_url: Callable[[Placed], str],
) -> list[tuple[Link, ...]]:
    """The links of each body, those tracked with position, destination and tracking URL.

    A link for which ``tracking_url`` gives an empty text stays untracked: too long.

    Links of HTML bodies are numbered in their order, each occurrence by itself; twins, of which each program shows one,
    are one link (see `twins`). A link of a plain-text body that leads
    where one of them does is that link again, the first such; if those opted out, it has too. Others are numbered on.

    Raises:
        ValueError: a tracking URL has characters that would need quoting.
    """
    found = list(_find(bodies))
    numbering = _Numbering(policy=policy, tag=tag)
    numbered: dict[int, list[_Numbered]] = {}
    for part in (Part.HTML, Part.TEXT):
        for number, body in enumerate(bodies):
            if body.part is part:
                numbered[number] = numbering.number(body, found[number])
    urls: dict[Part, dict[int, str]] = {part: {} for part in Part}
    linked: dict[int, tuple[Link, ...]] = {}
    for number, each in numbered.items():
        body = bodies[number]
        of_part = urls[body.part]
        for place in (one.place for one in each):
            if place.position is not None and place.position not in of_part:
                placed = Placed(
                    destination=place.destination,
                    position=place.position,
                    links=numbering.count,
                    part=body.part,
                    group=place.group,
                )
                url = tracking_url(placed)
                of_part[place.position] = _checked(url) if url else ""
        links = tuple(_link(body, one, of_part) for one in each)
        named = policy.text is PlainText.NAMED and body.part is Part.TEXT
        linked[number] = name_hosts(body.text, links) if named else links
    return [links for _, links in sorted(linked.items())]


class _Found(NamedTuple):
    """A candidate of a body with its line, the first of its twins there, and its number in the whole message."""

    candidate: Candidate
    line: int
    first: int
    number: int


def _find(bodies: Sequence[Body]) -> Iterator[list[_Found]]:
    after = 0
    for body in bodies:
        candidates = list(_candidates(body))
        found: list[_Found] = []
        line, at = 1, 0
        for first, candidate in zip(first_of_twins(candidates), candidates, strict=True):
            line += body.text.count("\n", at, candidate.start)
            at = candidate.start
            is_twin = first < len(found)
            found.append(_Found(candidate, line, first, found[first].number if is_twin else after))
            after += not is_twin
        yield found


def _candidates(body: Body) -> Iterable[Candidate]:
    return html.find_links(body.text) if body.part is Part.HTML else text.find_links(body.text, body.flow)


def _checked(url: str) -> str:
    if not _TRACKING_URL.fullmatch(url):
        raise ValueError(f"not a tracking URL that fits into every body: {url!r}")
    return url


class _Place(NamedTuple):
    position: int | None
    destination: str
    url: str = ""
    group: str = ""


_NOWHERE = _Place(position=None, destination="")
_TAGGED = (LinkReason.TRACKED, LinkReason.CONSENT)


class _Numbered(NamedTuple):
    """What becomes of a candidate, and why."""

    found: _Found
    judgement: Judgement
    place: _Place


@dataclass(slots=True, kw_only=True)
class _Numbering:
    policy: Policy
    tag: Callable[[Candidate], str]
    count: int = 0
    html_places: dict[str, _Place] = field(default_factory=dict)
    html_opted_out: set[str] = field(default_factory=set)

    def number(self, body: Body, found: Sequence[_Found]) -> list[_Numbered]:
        judgements = _agreed([each.first for each in found], [self._judge(body, each.candidate) for each in found])
        numbered: list[_Numbered] = []
        for each, judgement in zip(found, judgements, strict=True):
            place = _NOWHERE
            if judgement.reason in _TAGGED:
                is_twin = each.first < len(numbered)
                place = numbered[each.first].place if is_twin else self._place(body, each.candidate)
            if judgement.reason is LinkReason.CONSENT:
                url = written(place.destination, body.part) if place.destination != each.candidate.url else ""
                place = _Place(position=None, destination=place.destination, url=url)
            numbered.append(_Numbered(each, judgement, place))
        return numbered

    def _judge(self, body: Body, candidate: Candidate) -> Judgement:
        if not (body.legible or body.text[candidate.start : candidate.end].isascii()):
            return Judgement(LinkReason.CHARSET)
        judgement = self.policy.judge(candidate)
        if body.part is Part.HTML:
            if judgement.reason is LinkReason.OPT_OUT:
                self.html_opted_out.add(candidate.url)
        elif candidate.url in self.html_opted_out and candidate.url not in self.html_places:
            return Judgement(LinkReason.OPT_OUT)
        elif self.policy.text is PlainText.SKIP and judgement.reason in _TAGGED:
            return Judgement(LinkReason.PLAIN_TEXT)
        return judgement

    def _place(self, body: Body, candidate: Candidate) -> _Place:
        if body.part is Part.TEXT and candidate.url in self.html_places:
            return self.html_places[candidate.url]
        place = _Place(position=self.count, destination=self.tag(candidate), group=_group(candidate))
        self.count += 1
        if body.part is Part.HTML:
            self.html_places.setdefault(candidate.url, place)
        return place


def _agreed(firsts: Sequence[int], judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements, where all of some twins have that of the first that stays as it is: a reader sees one link."""
    refused: dict[int, Judgement] = {}
    for first, judgement in zip(firsts, judgements, strict=True):
        if judgement.reason not in _TAGGED:
            refused.setdefault(first, judgement)
    return [refused.get(first, judgement) for first, judgement in zip(firsts, judgements, strict=True)]


def _link(body: Body, numbered: _Numbered, urls: Mapping[int, str]) -> Link:
    found, judgement, place = numbered
    if place.position is not None and not urls[place.position]:
        judgement, place = Judgement(LinkReason.TOO_LONG), _NOWHERE
    candidate = found.candidate
    return Link(
        index=found.number,
        body=body.number,
        part=body.part,
        start=candidate.start,
        end=candidate.end,
        href=candidate.href,
        reason=judgement.reason,
        detail=judgement.detail,
        warnings=judgement.warnings,
        position=place.position,
        destination=place.destination,
        url=place.url if place.position is None else urls[place.position],
        location=candidate.location,
        element=candidate.element,
        label=candidate.label,
        group=place.group or _group(candidate),
        line=found.line,
    )


def _group(candidate: Candidate) -> str:
    group = candidate.attributes.get("data-clicktrail-group")
    return decode(group) if group else ""


def written(url: str, part: Part) -> str:
    """A URL as it can stand in a body: in HTML in every quoting, and in every charset."""
    if part is not Part.HTML:
        return url
    return _TO_QUOTE.sub(lambda found: f"&#{ord(found[0])};", url.replace("&", "&amp;"))

"""Number the links of a message, and have a tracking URL made for each."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite import html_links, text_links
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.html_links import first_of_twins
from clicktrail.rewrite.html_tokenizer import decode
from clicktrail.rewrite.policy import TRACKED, Judgement, PlainText, Policy
from clicktrail.rewrite.text_links import Flow, name_hosts

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
    urls: dict[Part, dict[int, str]] = {part: {} for part in Part}
    for part in (Part.HTML, Part.TEXT):
        for body, rows in zip(bodies, found, strict=True):
            if body.part is part:
                numbering.number(body, rows)
    linked: list[tuple[Link, ...]] = []
    for body, rows in zip(bodies, found, strict=True):
        of_part = urls[body.part]
        for place in (row.place for row in rows):
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
        links = tuple(_link(body, row, of_part) for row in rows)
        named = policy.text is PlainText.NAMED and body.part is Part.TEXT
        linked.append(name_hosts(body.text, links) if named else links)
    return linked


class _Place(msgspec.Struct, frozen=True, gc=False):
    position: int | None
    destination: str
    url: str = ""
    group: str = ""


_NOWHERE = _Place(position=None, destination="")
_TAGGED = (LinkReason.TRACKED, LinkReason.CONSENT)


class _Row(msgspec.Struct):
    """A candidate of a body with its line, the first of its twins there, and its number in the whole message.

    And then what becomes of it, and why.
    """

    candidate: Candidate
    line: int
    first: int
    number: int
    judgement: Judgement = TRACKED
    group: str = ""
    place: _Place = _NOWHERE


def _find(bodies: Sequence[Body]) -> Iterator[list[_Row]]:
    after = 0
    for body in bodies:
        candidates = list(_candidates(body))
        rows: list[_Row] = []
        line, at = 1, 0
        for first, candidate in zip(first_of_twins(candidates), candidates, strict=True):
            line += body.text.count("\n", at, candidate.start)
            at = candidate.start
            is_twin = first < len(rows)
            rows.append(_Row(candidate, line, first, rows[first].number if is_twin else after))
            after += not is_twin
        yield rows


def _candidates(body: Body) -> Iterable[Candidate]:
    return html_links.find_links(body.text) if body.part is Part.HTML else text_links.find_links(body.text, body.flow)


def _checked(url: str) -> str:
    if not _TRACKING_URL.fullmatch(url):
        raise ValueError(f"not a tracking URL that fits into every body: {url!r}")
    return url


@dataclass(slots=True, kw_only=True)
class _Numbering:
    policy: Policy
    tag: Callable[[Candidate], str]
    count: int = 0
    html_places: dict[str, _Place] = field(default_factory=dict)
    html_opted_out: set[str] = field(default_factory=set)

    def number(self, body: Body, rows: Sequence[_Row]) -> None:
        for row in rows:
            row.judgement = self._judge(body, row.candidate)
            row.group = _group(row.candidate)
        _agree(rows)
        for number, row in enumerate(rows):
            if row.judgement.reason not in _TAGGED:
                continue
            row.place = rows[row.first].place if row.first < number else self._place(body, row)
            if row.judgement.reason is LinkReason.CONSENT:
                destination = row.place.destination
                url = written(destination, body.part) if destination != row.candidate.url else ""
                row.place = _Place(position=None, destination=destination, url=url)

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

    def _place(self, body: Body, row: _Row) -> _Place:
        candidate = row.candidate
        if body.part is Part.TEXT and candidate.url in self.html_places:
            return self.html_places[candidate.url]
        place = _Place(position=self.count, destination=self.tag(candidate), group=row.group)
        self.count += 1
        if body.part is Part.HTML:
            self.html_places.setdefault(candidate.url, place)
        return place


def _agree(rows: Sequence[_Row]) -> None:
    """Give twins the judgement of the first that stays as it is, and the group that one has: a reader sees one link."""
    refused: dict[int, Judgement] = {}
    groups: dict[int, str] = {}
    for row in rows:
        if row.judgement.reason not in _TAGGED:
            refused.setdefault(row.first, row.judgement)
        if row.group:
            groups.setdefault(row.first, row.group)
    for row in rows:
        row.judgement = refused.get(row.first, row.judgement)
        row.group = groups.get(row.first, "")


def _link(body: Body, row: _Row, urls: Mapping[int, str]) -> Link:
    candidate, judgement, place = row.candidate, row.judgement, row.place
    if place.position is not None and not urls[place.position]:
        judgement, place = Judgement(LinkReason.TOO_LONG), _NOWHERE
    return Link(
        index=row.number,
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
        group=place.group or row.group,
        line=row.line,
    )


def _group(candidate: Candidate) -> str:
    group = candidate.attributes.get("data-clicktrail-group")
    return decode(group) if group else ""


def written(url: str, part: Part) -> str:
    """A URL as it can stand in a body: in HTML in every quoting, and in every charset."""
    if part is not Part.HTML:
        return url
    return _TO_QUOTE.sub(lambda found: f"&#{ord(found[0])};", url.replace("&", "&amp;"))

"""Number the links of a message, and have a tracking URL made for each."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite import html_links, text_links
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.html_links import find_first_alternates
from clicktrail.rewrite.html_tokenizer import decode_attribute_value
from clicktrail.rewrite.policy import TRACKED_DECISION, LinkDecision, PlainTextMode, Policy
from clicktrail.rewrite.text_links import Flow, add_destination_hosts

__all__ = ["Body", "NumberedLink", "escape_url", "number_links"]

# Safe in every quoting of HTML and in plain text, and the last character is one that autolinkers never cut off.
_TRACKING_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/[A-Za-z0-9/._-]*[A-Za-z0-9]")
_UNSAFE_CHARACTER = re.compile(r"""["'<>`\s]|[^\x00-\x7f]""")


class NumberedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that needs a tracking URL.

    Attributes:
        destination: an absolute http or https URL that a WHATWG parser takes, as the message writes it, with UTM
            parameters: it may hold spaces and characters beyond ASCII, but no tab or line break.
        position: its number among the message's tracked links, from 0.
        link_count: how many positions the message has.
        body_type: the kind of body that the tracking URL is for; in plain text its reader sees it.
        group: by which reports count it as one link with others; empty if none. See `Link`.
    """

    destination: str
    position: int
    link_count: int
    body_type: BodyType
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One body of a message, decoded.

    Attributes:
        index: its place among the bodies of its message, from 0.
        body_type: HTML or plain text.
        text: its characters.
        has_valid_charset: False if only the ASCII characters among them are known to be right.
        flow: how the lines of a plain text hang together.
    """

    index: int = 0
    body_type: BodyType
    text: str
    has_valid_charset: bool = True
    flow: Flow = Flow.FIXED


def number_links(
    bodies: Sequence[Body],
    *,
    policy: Policy,
    tag_url: Callable[[Candidate], str],
    make_tracking_url: Callable[[NumberedLink], str],
) -> list[tuple[Link, ...]]:
    """The links of each body, those tracked with position, destination and tracking URL.

    A link for which ``make_tracking_url`` gives an empty text stays untracked: too long.

    Links of HTML bodies are numbered in their order, each occurrence by itself; twins, of which each program shows one,
    are one link (see `twins`). A link of a plain-text body that leads
    where one of them does is that link again, the first such; if those opted out, it has too. Others are numbered on.

    Raises:
        ValueError: a tracking URL has characters that would need quoting.
    """
    found = list(_find_candidates(bodies))
    numbering = _LinkNumbering(policy=policy, tag_url=tag_url)
    urls: dict[BodyType, dict[int, str]] = {part: {} for part in BodyType}
    for part in (BodyType.HTML, BodyType.TEXT):
        for body, rows in zip(bodies, found, strict=True):
            if body.body_type is part:
                numbering.number_body(body, rows)
    linked: list[tuple[Link, ...]] = []
    for body, rows in zip(bodies, found, strict=True):
        of_part = urls[body.body_type]
        for place in (row.assignment for row in rows):
            if place.position is not None and place.position not in of_part:
                placed = NumberedLink(
                    destination=place.destination,
                    position=place.position,
                    link_count=numbering.position_count,
                    body_type=body.body_type,
                    group=place.group,
                )
                url = make_tracking_url(placed)
                of_part[place.position] = _check_tracking_url(url) if url else ""
        links = tuple(_build_link(body, row, of_part) for row in rows)
        named = policy.plain_text is PlainTextMode.SHOW_HOST and body.body_type is BodyType.TEXT
        linked.append(add_destination_hosts(body.text, links) if named else links)
    return linked


class _Assignment(msgspec.Struct, frozen=True, gc=False):
    position: int | None
    destination: str
    url: str = ""
    group: str = ""


_UNASSIGNED = _Assignment(position=None, destination="")
_TAGGED_REASONS = (LinkReason.TRACKED, LinkReason.CONSENT)


class _NumberedCandidate(msgspec.Struct):
    """A candidate of a body with its line, the first of its twins there, and its number in the whole message.

    And then what becomes of it, and why.
    """

    candidate: Candidate
    line: int
    first_alternate: int
    index: int
    decision: LinkDecision = TRACKED_DECISION
    group: str = ""
    assignment: _Assignment = _UNASSIGNED


def _find_candidates(bodies: Sequence[Body]) -> Iterator[list[_NumberedCandidate]]:
    after = 0
    for body in bodies:
        candidates = list(_find_body_candidates(body))
        rows: list[_NumberedCandidate] = []
        line, at = 1, 0
        for first, candidate in zip(find_first_alternates(candidates), candidates, strict=True):
            line += body.text.count("\n", at, candidate.start)
            at = candidate.start
            is_twin = first < len(rows)
            rows.append(_NumberedCandidate(candidate, line, first, rows[first].index if is_twin else after))
            after += not is_twin
        yield rows


def _find_body_candidates(body: Body) -> Iterable[Candidate]:
    return (
        html_links.find_links(body.text)
        if body.body_type is BodyType.HTML
        else text_links.find_links(body.text, body.flow)
    )


def _check_tracking_url(url: str) -> str:
    if not _TRACKING_URL.fullmatch(url):
        raise ValueError(f"not a tracking URL that fits into every body: {url!r}")
    return url


@dataclass(slots=True, kw_only=True)
class _LinkNumbering:
    policy: Policy
    tag_url: Callable[[Candidate], str]
    position_count: int = 0
    html_assignments: dict[str, _Assignment] = field(default_factory=dict)
    html_opt_out_urls: set[str] = field(default_factory=set)

    def number_body(self, body: Body, rows: Sequence[_NumberedCandidate]) -> None:
        for row in rows:
            row.decision = self._decide(body, row.candidate)
            row.group = _read_group(row.candidate)
        _unify_alternates(rows)
        for number, row in enumerate(rows):
            if row.decision.reason not in _TAGGED_REASONS:
                continue
            row.assignment = (
                rows[row.first_alternate].assignment if row.first_alternate < number else self._assign(body, row)
            )
            if row.decision.reason is LinkReason.CONSENT:
                destination = row.assignment.destination
                url = escape_url(destination, body.body_type) if destination != row.candidate.url else ""
                row.assignment = _Assignment(position=None, destination=destination, url=url)

    def _decide(self, body: Body, candidate: Candidate) -> LinkDecision:
        if not (body.has_valid_charset or body.text[candidate.start : candidate.end].isascii()):
            return LinkDecision(LinkReason.CHARSET)
        judgement = self.policy.decide(candidate)
        if body.body_type is BodyType.HTML:
            if judgement.reason is LinkReason.OPT_OUT:
                self.html_opt_out_urls.add(candidate.url)
        elif candidate.url in self.html_opt_out_urls and candidate.url not in self.html_assignments:
            return LinkDecision(LinkReason.OPT_OUT)
        elif self.policy.plain_text is PlainTextMode.SKIP and judgement.reason in _TAGGED_REASONS:
            return LinkDecision(LinkReason.PLAIN_TEXT)
        return judgement

    def _assign(self, body: Body, row: _NumberedCandidate) -> _Assignment:
        candidate = row.candidate
        if body.body_type is BodyType.TEXT and candidate.url in self.html_assignments:
            return self.html_assignments[candidate.url]
        place = _Assignment(position=self.position_count, destination=self.tag_url(candidate), group=row.group)
        self.position_count += 1
        if body.body_type is BodyType.HTML:
            self.html_assignments.setdefault(candidate.url, place)
        return place


def _unify_alternates(rows: Sequence[_NumberedCandidate]) -> None:
    """Give twins the judgement of the first that stays as it is, and the group that one has: a reader sees one link."""
    refused: dict[int, LinkDecision] = {}
    groups: dict[int, str] = {}
    for row in rows:
        if row.decision.reason not in _TAGGED_REASONS:
            refused.setdefault(row.first_alternate, row.decision)
        if row.group:
            groups.setdefault(row.first_alternate, row.group)
    for row in rows:
        row.decision = refused.get(row.first_alternate, row.decision)
        row.group = groups.get(row.first_alternate, "")


def _build_link(body: Body, row: _NumberedCandidate, urls: Mapping[int, str]) -> Link:
    candidate, judgement, place = row.candidate, row.decision, row.assignment
    if place.position is not None and not urls[place.position]:
        judgement, place = LinkDecision(LinkReason.TOO_LONG), _UNASSIGNED
    return Link(
        index=row.index,
        body_index=body.index,
        body_type=body.body_type,
        start=candidate.start,
        end=candidate.end,
        href=candidate.href,
        reason=judgement.reason,
        detail=judgement.detail,
        warnings=judgement.warnings,
        position=place.position,
        destination=place.destination,
        replacement=place.url if place.position is None else urls[place.position],
        location=candidate.location,
        element=candidate.element,
        label=candidate.label,
        group=place.group or row.group,
        line=row.line,
    )


def _read_group(candidate: Candidate) -> str:
    group = candidate.attributes.get("data-clicktrail-group")
    return decode_attribute_value(group) if group else ""


def escape_url(url: str, body_type: BodyType) -> str:
    """A URL as it can stand in a body: in HTML in every quoting, and in every charset."""
    if body_type is not BodyType.HTML:
        return url
    return _UNSAFE_CHARACTER.sub(lambda found: f"&#{ord(found[0])};", url.replace("&", "&amp;"))

"""Number the links of a message and give each its destination and tracking URL.

The HTML bodies are numbered first. Each link gets the next position, also where a URL occurs again, so that reports
can tell the logo from the button. Two kinds of links share a position:

- Alternates: one button that an HTML body holds twice, for Outlook and for all other mail programs.
- A plain-text link shares the position of the first HTML link with the same URL, and its opt-out.
"""

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

# Needs no quoting in HTML or plain text. Autolinkers cut off a last character that is not alphanumeric.
_TRACKING_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/[A-Za-z0-9/._-]*[A-Za-z0-9]")
_UNSAFE_CHARACTER = re.compile(r"""["'<>`\s]|[^\x00-\x7f]""")
_TAGGED_REASONS = (LinkReason.TRACKED, LinkReason.CONSENT)
"""Reasons of links that get UTM parameters."""


class NumberedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that needs a tracking URL.

    Attributes:
        destination: absolute http or https URL with UTM parameters, as the message writes it. A WHATWG parser accepts
            it. It may hold spaces and characters beyond ASCII, but no tabs and no line breaks.
        position: number among the tracked links of the message, from 0.
        link_count: number of positions in the message.
        body_type: kind of body that holds the link. In plain text the reader sees the tracking URL.
        group: name under which reports count several links as one; empty if none. See `Link`.
        is_trap: whether clicks are recorded with ``trap``.
    """

    destination: str
    position: int
    link_count: int
    body_type: BodyType
    group: str = ""
    is_trap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A decoded body of a message.

    Attributes:
        index: number among the bodies of the message, from 0.
        body_type: HTML or plain text.
        text: decoded characters.
        has_valid_charset: False if the charset is unknown or wrong, so that only the ASCII characters are reliable.
        flow: line wrapping of a plain text.
    """

    index: int = 0
    body_type: BodyType
    text: str
    has_valid_charset: bool = True
    flow: Flow = Flow.FIXED


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRewriter:
    """How to rewrite the links of one message.

    Attributes:
        policy: decides which links are tracked.
        make_url_tagger: returns a function that maps a link to its destination, the URL with UTM parameters. That
            function is called for the links in their order. It may keep state: each numbering of a message makes a
            new one.
        make_tracking_url: returns the tracking URL of a link: http or https, the path of ``[A-Za-z0-9/._-]``, the last
            character alphanumeric. An empty string leaves the link untracked, as too long. Called once for each
            position and body type; again, with another ``link_count``, if a body turns out not to be rewritable.
    """

    policy: Policy
    make_url_tagger: Callable[[], Callable[[Candidate], str]]
    make_tracking_url: Callable[[NumberedLink], str]

    def number_links(self, bodies: Sequence[Body]) -> list[tuple[Link, ...]]:
        """Return the links of each body, tracked or not.

        Raises:
            ValueError: a tracking URL has characters that would need quoting.
        """
        rows_by_body = list(_find_candidates(bodies))
        numbering = _LinkNumbering(policy=self.policy, tag_url=self.make_url_tagger())
        for body_type in (BodyType.HTML, BodyType.TEXT):
            for body, rows in zip(bodies, rows_by_body, strict=True):
                if body.body_type is body_type:
                    numbering.number_body(body, rows)
        tracking_urls: dict[BodyType, dict[int, str]] = {body_type: {} for body_type in BodyType}
        return [
            self._build_links(body, rows, tracking_urls[body.body_type], link_count=numbering.position_count)
            for body, rows in zip(bodies, rows_by_body, strict=True)
        ]

    def _build_links(
        self, body: Body, rows: Sequence["_NumberedCandidate"], tracking_urls: dict[int, str], *, link_count: int
    ) -> tuple[Link, ...]:
        for row in rows:
            assignment = row.assignment
            if assignment.position is not None and assignment.position not in tracking_urls:
                numbered_link = NumberedLink(
                    destination=assignment.destination,
                    position=assignment.position,
                    link_count=link_count,
                    body_type=body.body_type,
                    group=assignment.group,
                    is_trap=row.candidate.is_trap,
                )
                url = self.make_tracking_url(numbered_link)
                tracking_urls[assignment.position] = _check_tracking_url(url) if url else ""
        links = tuple(_build_link(body, row, tracking_urls) for row in rows)
        if body.body_type is BodyType.TEXT and self.policy.plain_text is PlainTextMode.SHOW_HOST:
            return add_destination_hosts(body.text, links)
        return links


def build_placeholder_url(link: NumberedLink) -> str:
    """Return a stand-in for a tracking URL that is not known yet."""
    return f"https://recipient.invalid/{link.position}"


def select_by_position(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return the first link of each position, in order."""
    links_by_position: dict[int, Link] = {}
    for link in links:
        if link.position is not None:
            links_by_position.setdefault(link.position, link)
    return tuple(links_by_position[position] for position in range(len(links_by_position)))


def escape_url(url: str, body_type: BodyType) -> str:
    """Escape a URL for a body. In HTML the result is safe in every kind of quoting and in every charset."""
    if body_type is not BodyType.HTML:
        return url
    return _UNSAFE_CHARACTER.sub(lambda character: f"&#{ord(character[0])};", url.replace("&", "&amp;"))


class _Assignment(msgspec.Struct, frozen=True, gc=False):
    """The position of a link. ``url`` is set where the link stays untracked but gets UTM parameters."""

    position: int | None
    destination: str
    url: str = ""
    group: str = ""


_UNASSIGNED = _Assignment(position=None, destination="")


class _NumberedCandidate(msgspec.Struct):
    """A candidate and what was decided on it. ``first_alternate`` is an index into the body's candidates."""

    candidate: Candidate
    line: int
    first_alternate: int
    index: int
    decision: LinkDecision = TRACKED_DECISION
    group: str = ""
    assignment: _Assignment = _UNASSIGNED


def _find_candidates(bodies: Sequence[Body]) -> Iterator[list[_NumberedCandidate]]:
    next_index = 0
    for body in bodies:
        candidates = list(_find_body_candidates(body))
        rows: list[_NumberedCandidate] = []
        line, offset = 1, 0
        for first, candidate in zip(find_first_alternates(candidates), candidates, strict=True):
            line += body.text.count("\n", offset, candidate.start)
            offset = candidate.start
            is_repeated = first < len(rows)
            rows.append(_NumberedCandidate(candidate, line, first, rows[first].index if is_repeated else next_index))
            next_index += not is_repeated
        yield rows


def _find_body_candidates(body: Body) -> Iterable[Candidate]:
    if body.body_type is BodyType.HTML:
        return html_links.find_links(body.text)
    return text_links.find_links(body.text, body.flow)


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
            is_repeated = row.first_alternate < number
            row.assignment = rows[row.first_alternate].assignment if is_repeated else self._assign(body, row)
            if row.decision.reason is LinkReason.CONSENT:
                destination = row.assignment.destination
                url = escape_url(destination, body.body_type) if destination != row.candidate.url else ""
                row.assignment = _Assignment(position=None, destination=destination, url=url)

    def _decide(self, body: Body, candidate: Candidate) -> LinkDecision:
        if not (body.has_valid_charset or body.text[candidate.start : candidate.end].isascii()):
            return LinkDecision(LinkReason.CHARSET)
        decision = self.policy.decide(candidate)
        if body.body_type is BodyType.HTML:
            if decision.reason is LinkReason.OPT_OUT:
                self.html_opt_out_urls.add(candidate.url)
        elif candidate.url in self.html_opt_out_urls and candidate.url not in self.html_assignments:
            return LinkDecision(LinkReason.OPT_OUT)
        elif self.policy.plain_text is PlainTextMode.SKIP and decision.reason in _TAGGED_REASONS:
            return LinkDecision(LinkReason.PLAIN_TEXT)
        return decision

    def _assign(self, body: Body, row: _NumberedCandidate) -> _Assignment:
        candidate = row.candidate
        if body.body_type is BodyType.TEXT and candidate.url in self.html_assignments:
            return self.html_assignments[candidate.url]
        assignment = _Assignment(position=self.position_count, destination=self.tag_url(candidate), group=row.group)
        self.position_count += 1
        if body.body_type is BodyType.HTML and not candidate.is_trap:  # people see the links of the plain text
            self.html_assignments.setdefault(candidate.url, assignment)
        return assignment


def _unify_alternates(rows: Sequence[_NumberedCandidate]) -> None:
    """Leave all alternates untracked if one of them is, and give all the group of the first that has one."""
    exclusions: dict[int, LinkDecision] = {}
    groups: dict[int, str] = {}
    for row in rows:
        if row.decision.reason not in _TAGGED_REASONS:
            exclusions.setdefault(row.first_alternate, row.decision)
        if row.group:
            groups.setdefault(row.first_alternate, row.group)
    for row in rows:
        row.decision = exclusions.get(row.first_alternate, row.decision)
        row.group = groups.get(row.first_alternate, "")


def _build_link(body: Body, row: _NumberedCandidate, tracking_urls: Mapping[int, str]) -> Link:
    candidate, decision, assignment = row.candidate, row.decision, row.assignment
    if assignment.position is not None and not tracking_urls[assignment.position]:
        decision, assignment = LinkDecision(LinkReason.TOO_LONG), _UNASSIGNED
    return Link(
        index=row.index,
        body_index=body.index,
        body_type=body.body_type,
        start=candidate.start,
        end=candidate.end,
        href=candidate.href,
        reason=decision.reason,
        detail=decision.detail,
        warnings=decision.warnings,
        position=assignment.position,
        destination=assignment.destination,
        replacement=assignment.url if assignment.position is None else tracking_urls[assignment.position],
        location=candidate.location,
        element=candidate.element,
        label=candidate.label,
        group=assignment.group or row.group,
        is_trap=candidate.is_trap,
        line=row.line,
    )


def _check_tracking_url(url: str) -> str:
    if not _TRACKING_URL.fullmatch(url):
        raise ValueError(f"tracking URL has characters that need quoting: {url!r}")
    return url


def _read_group(candidate: Candidate) -> str:
    group = candidate.attributes.get("data-clicktrail-group")
    return decode_attribute_value(group) if group else ""

"""Number the links of a message and give each its destination and tracking URL.

The HTML bodies are numbered first. Each link gets the next position, also where a URL occurs again, so that reports
can tell the logo from the button. Two kinds of links share a position:

- Alternates: one button that an HTML body holds twice, for Outlook and for all other mail programs.
- A plain-text link shares the position of the first HTML link with the same URL, and its opt-out.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from clicktrail.errors import TooManyLinksError
from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite import html_links, text_links
from clicktrail.rewrite.candidate import (
    MAX_ALL_URLS_BYTES,
    MAX_LINKS,
    MAX_URL_BYTES,
    TOO_MANY_LINKS,
    Candidate,
)
from clicktrail.rewrite.html_links import find_first_alternates
from clicktrail.rewrite.html_tokenizer import decode_attribute_value
from clicktrail.rewrite.policy import TRACKED_DECISION, LinkDecision, PlainTextMode, Policy
from clicktrail.rewrite.text_links import Flow, add_destination_hosts

# Needs no quoting in HTML or plain text. Autolinkers cut off a last character that is not alphanumeric.
_TRACKING_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/[A-Za-z0-9/._-]*[A-Za-z0-9]")
_UNSAFE_CHARACTER = re.compile(r"""["'<>`\s]|[^\x00-\x7f]""")
_TAGGED_REASONS = (LinkReason.TRACKED, LinkReason.NO_CONSENT)
"""Reasons of links that get UTM parameters, which need no consent."""


class NumberedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that needs a tracking URL.

    Attributes:
        destination: absolute http or https URL with UTM parameters, as the message writes it. A WHATWG parser accepts
            it. It may hold spaces and characters beyond ASCII, but no tabs and no line breaks.
        position: number among the tracked links of the message, from 0.
        link_count: number of positions in the message.
        body_type: kind of body that holds the link. In plain text the reader sees the tracking URL.
        group: name under which reports count several links as one; empty if none. See `Link`.
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
        has_valid_charset: False if the charset is unknown or wrong, so that only the ASCII characters are reliable.
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
        make_url_tagger: returns a function that adds UTM parameters to the URL of a link. That function is called for
            the links in their order. It may keep state: each numbering of a message makes a new one.
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
            TooManyLinksError: the bodies have more links than `MAX_LINKS`, or more URLs than `MAX_ALL_URLS_BYTES`.
            ValueError: a tracking URL has characters that would need quoting.
        """
        candidates_by_body = list(_number_candidates(bodies))
        numbering = _LinkNumbering(policy=self.policy, tag_url=self.make_url_tagger())
        for body_type in (BodyType.HTML, BodyType.TEXT):
            for body, candidates in zip(bodies, candidates_by_body, strict=True):
                if body.body_type is body_type:
                    numbering.number_body(body, candidates)
        tracking_urls: dict[BodyType, dict[int, str]] = {body_type: {} for body_type in BodyType}
        return [
            self._build_links(body, candidates, tracking_urls[body.body_type], link_count=numbering.position_count)
            for body, candidates in zip(bodies, candidates_by_body, strict=True)
        ]

    def _build_links(
        self, body: Body, candidates: Sequence["_NumberedCandidate"], tracking_urls: dict[int, str], *, link_count: int
    ) -> tuple[Link, ...]:
        links: list[Link] = []
        for numbered in candidates:
            assignment = numbered.assignment
            if assignment.position is not None and assignment.position not in tracking_urls:
                numbered_link = NumberedLink(
                    destination=assignment.destination,
                    position=assignment.position,
                    link_count=link_count,
                    body_type=body.body_type,
                    group=assignment.group,
                    is_trap=numbered.candidate.is_trap,
                )
                url = self.make_tracking_url(numbered_link)
                tracking_urls[assignment.position] = _check_tracking_url(url) if url else ""
            links.append(_build_link(body, numbered, tracking_urls))
        if body.body_type is BodyType.TEXT and self.policy.plain_text is PlainTextMode.SHOW_HOST:
            return add_destination_hosts(body.text, links)
        return tuple(links)


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


class _NumberedCandidate(msgspec.Struct, gc=False):
    """A candidate, its numbers and the decision on it.

    Attributes:
        line: line number in the body, from 1.
        first_alternate: index of the first alternate among the body's candidates; its own index if it has none.
        index: see `Link.index`.
    """

    candidate: Candidate
    line: int
    first_alternate: int
    index: int
    decision: LinkDecision = TRACKED_DECISION
    group: str = ""
    assignment: _Assignment = _UNASSIGNED


def _number_candidates(bodies: Sequence[Body]) -> Iterator[list[_NumberedCandidate]]:
    next_index = 0
    limit, url_bytes = MAX_LINKS, 0
    for body in bodies:
        candidates = _find_body_candidates(body, limit=limit)
        limit -= len(candidates)
        url_bytes += sum(
            size for link in candidates if (size := len(link.url.encode(errors="replace"))) <= MAX_URL_BYTES
        )
        if url_bytes > MAX_ALL_URLS_BYTES:
            raise TooManyLinksError(TOO_MANY_LINKS)
        numbered: list[_NumberedCandidate] = []
        line, offset = 1, 0
        for candidate, first_alternate in zip(candidates, find_first_alternates(candidates), strict=True):
            line += body.text.count("\n", offset, candidate.start)
            offset = candidate.start
            is_later_alternate = first_alternate < len(numbered)
            index = numbered[first_alternate].index if is_later_alternate else next_index
            numbered.append(_NumberedCandidate(candidate, line, first_alternate, index))
            next_index += not is_later_alternate
        yield numbered


def _find_body_candidates(body: Body, *, limit: int) -> Sequence[Candidate]:
    if body.body_type is BodyType.HTML:
        return html_links.find_links(body.text, limit=limit)
    candidates = list(itertools.islice(text_links.find_links(body.text, body.flow), limit + 1))
    if len(candidates) > limit:
        raise TooManyLinksError(TOO_MANY_LINKS)
    return candidates


@dataclass(slots=True, kw_only=True)
class _LinkNumbering:
    policy: Policy
    tag_url: Callable[[Candidate], str]
    position_count: int = 0
    html_assignments: dict[str, _Assignment] = field(default_factory=dict)
    html_opt_out_urls: set[str] = field(default_factory=set)

    def number_body(self, body: Body, candidates: Sequence[_NumberedCandidate]) -> None:
        decisions = self._decide(body, [numbered.candidate for numbered in candidates])
        for numbered, decision in zip(candidates, decisions, strict=True):
            numbered.decision = decision
            numbered.group = _read_group(numbered.candidate)
        _unify_alternates(candidates)
        is_html = body.body_type is BodyType.HTML
        no_consent = LinkReason.NO_CONSENT
        for index, numbered in enumerate(candidates):
            if numbered.decision.reason not in _TAGGED_REASONS:
                continue
            if numbered.first_alternate < index:
                numbered.assignment = candidates[numbered.first_alternate].assignment
            else:
                numbered.assignment = self._assign(numbered, is_html=is_html)
            if numbered.decision.reason is no_consent:
                destination = numbered.assignment.destination
                url = escape_url(destination, body.body_type) if destination != numbered.candidate.url else ""
                numbered.assignment = _Assignment(position=None, destination=destination, url=url)

    def _decide(self, body: Body, candidates: Sequence[Candidate]) -> Sequence[LinkDecision]:
        decisions = self.policy.decide_all(candidates)
        if not body.has_valid_charset:
            decisions = [
                decision if body.text[link.start : link.end].isascii() else LinkDecision(LinkReason.CHARSET)
                for link, decision in zip(candidates, decisions, strict=True)
            ]
        if body.body_type is BodyType.TEXT:
            return [self._adapt_to_html(link, decision) for link, decision in zip(candidates, decisions, strict=True)]
        opt_out = LinkReason.OPT_OUT
        self.html_opt_out_urls.update(
            link.url for link, decision in zip(candidates, decisions, strict=True) if decision.reason is opt_out
        )
        return decisions

    def _adapt_to_html(self, candidate: Candidate, decision: LinkDecision) -> LinkDecision:
        """Change the decision on a plain-text link if the same link of the HTML body opts out."""
        if decision.reason is LinkReason.CHARSET:
            return decision
        if candidate.url in self.html_opt_out_urls and candidate.url not in self.html_assignments:
            return LinkDecision(LinkReason.OPT_OUT)
        if self.policy.plain_text is PlainTextMode.SKIP and decision.reason in _TAGGED_REASONS:
            return LinkDecision(LinkReason.PLAIN_TEXT)
        return decision

    def _assign(self, numbered: _NumberedCandidate, *, is_html: bool) -> _Assignment:
        candidate = numbered.candidate
        if not is_html and candidate.url in self.html_assignments:
            return self.html_assignments[candidate.url]
        assignment = _Assignment(self.position_count, self.tag_url(candidate), group=numbered.group)
        self.position_count += 1
        if is_html and not candidate.is_trap:  # people see the links of the plain text
            self.html_assignments.setdefault(candidate.url, assignment)
        return assignment


def _unify_alternates(candidates: Sequence[_NumberedCandidate]) -> None:
    """Give alternates the same decision, untracked if any of them is, and the same group, the first that is set."""
    exclusions: dict[int, LinkDecision] = {}
    groups: dict[int, str] = {}
    for numbered in candidates:
        if numbered.decision.reason not in _TAGGED_REASONS:
            exclusions.setdefault(numbered.first_alternate, numbered.decision)
        if numbered.group:
            groups.setdefault(numbered.first_alternate, numbered.group)
    for numbered in candidates:
        numbered.decision = exclusions.get(numbered.first_alternate, numbered.decision)
        numbered.group = groups.get(numbered.first_alternate, "")


def _build_link(body: Body, numbered: _NumberedCandidate, tracking_urls: Mapping[int, str]) -> Link:
    candidate, decision, assignment = numbered.candidate, numbered.decision, numbered.assignment
    if assignment.position is not None and not tracking_urls[assignment.position]:
        decision, assignment = LinkDecision(LinkReason.TOO_LONG), _UNASSIGNED
    return Link(
        index=numbered.index,
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
        group=assignment.group or numbered.group,
        is_trap=candidate.is_trap,
        line=numbered.line,
    )


def _check_tracking_url(url: str) -> str:
    if not _TRACKING_URL.fullmatch(url):
        raise ValueError(f"tracking URL has characters that need quoting: {url!r}")
    return url


def _read_group(candidate: Candidate) -> str:
    group = candidate.attributes.get("data-clicktrail-group")
    return decode_attribute_value(group).encode(errors="replace").decode() if group else ""

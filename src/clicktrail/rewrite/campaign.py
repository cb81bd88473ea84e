"""Find the links of a campaign once, and make each recipient's bodies by joining what is between them.

A tracking URL of a compiled campaign is a beginning that differs by recipient and an end that differs by link. The
ends are compiled in with the text around them, so that a recipient costs one beginning and one join.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.numbering import Body, NumberedLink, escape_url, number_links
from clicktrail.rewrite.policy import Policy

__all__ = ["CompiledBody", "CompiledMessage", "PersonalUrlBuilder", "compile_campaign"]

_URL_SUFFIX = re.compile(r"[A-Za-z0-9/._-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledBody:
    """One body, compiled.

    Attributes:
        fragments: the text between links that differ by recipient as a whole; each run cut where a beginning belongs.
        personal_links: those links, in their order: of which the campaign only knows a merge tag.
    """

    fragments: tuple[tuple[str, ...], ...]
    personal_links: tuple[Link, ...]

    def render(self, url_prefix: str, personal_urls: Sequence[str] = ()) -> str:
        """The body for one recipient.

        Args:
            url_prefix: what each tracking URL begins with, the tracking domain and `seal_campaign`'s result: http
                or https, characters ``[A-Za-z0-9/._-]`` in the path.
            personal_urls: for each of the personal links, the URL that takes its place.

        Raises:
            ValueError: not as many URLs as there are personal links.
        """
        if not self.personal_links and not personal_urls:
            return url_prefix.join(self.fragments[0])
        pieces = [url_prefix.join(self.fragments[0])]
        for url, run in zip(personal_urls, self.fragments[1:], strict=True):
            pieces += [url, url_prefix.join(run)]
        return "".join(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMessage:
    """A message to many, compiled.

    Attributes:
        html: its HTML body.
        text: its plain-text body, which has no personal links.
        links: all links of both, tracked or not; those that each recipient has a URL of their own for, tracked and
            personal ones, have a position and no URL.
        links_by_position: one link for each position, in their order: tracked links from 0 on, behind them the personal ones.
    """

    html: CompiledBody
    text: CompiledBody
    links: tuple[Link, ...]
    links_by_position: tuple[Link, ...]


def compile_campaign(
    *,
    html: str,
    text: str = "",
    policy: Policy,
    tag_url: Callable[[Candidate], str],
    make_url_suffixes: Callable[[int], Sequence[str]],
) -> CompiledMessage:
    """Compile the bodies of a campaign.

    A link of the HTML that is a merge tag and has ``data-clicktrail-group`` is personal: each recipient has a URL of
    their own for it. Other links with merge tags stay as they are.

    Args:
        html: the HTML body; empty if there is none.
        text: the plain-text body; empty if there is none.
        policy: which links are tracked.
        tag_url: adds UTM parameters to a destination.
        make_url_suffixes: what tracking URLs end with, by position, for so many links: characters ``[A-Za-z0-9/._-]``, the last
            one alphanumeric.

    Raises:
        ValueError: ``make_url_suffixes`` gave other characters.
    """
    bodies = [Body(body_type=BodyType.HTML, text=html), Body(index=1, body_type=BodyType.TEXT, text=text)]
    found = number_links(bodies, policy=policy, tag_url=tag_url, make_tracking_url=_build_placeholder_url)
    count = len({link.position for links in found for link in links if link.position is not None})
    personal = dict.fromkeys(link.index for links in found for link in links if _is_personal(link))
    numbers = {index: count + number for number, index in enumerate(personal)}
    placed = [tuple(_assign_position(link, numbers) for link in links) for links in found]
    checked = [_check_url_suffix(end) for end in make_url_suffixes(count + len(numbers))]
    compiled = [_compile_body(body.text, links, checked) for body, links in zip(bodies, placed, strict=True)]
    links = (*placed[0], *placed[1])
    return CompiledMessage(html=compiled[0], text=compiled[1], links=links, links_by_position=_order_by_position(links))


def _build_placeholder_url(placed: NumberedLink) -> str:
    """What stands for a recipient's tracking URLs while there is no recipient."""
    return f"https://recipient.invalid/{placed.position}"


def _order_by_position(links: Sequence[Link]) -> tuple[Link, ...]:
    found = {link.position: link for link in reversed(links) if link.position is not None}
    return tuple(found[position] for position in range(len(found)))


def _is_personal(link: Link) -> bool:
    return link.reason is LinkReason.MERGE_TAG and bool(link.group)


def _assign_position(link: Link, numbers: Mapping[int, int]) -> Link:
    """A link as it is known before there is a recipient."""
    if _is_personal(link):
        return msgspec.structs.replace(link, position=numbers[link.index])
    return link if link.position is None else msgspec.structs.replace(link, replacement="")


def _check_url_suffix(end: str) -> str:
    if not _URL_SUFFIX.fullmatch(end):
        raise ValueError(f"not an end of a tracking URL that fits into every body: {end!r}")
    return end


def _compile_body(text: str, links: Sequence[Link], ends: Sequence[str]) -> CompiledBody:
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    at, segment = 0, ""
    for link in links:
        if link.position is None and not link.replacement:
            continue
        segment += text[at : link.start]
        at = link.end
        if link.position is None:
            segment += link.replacement
        elif link.is_tracked:
            run.append(segment)
            segment = ends[link.position]
        else:
            runs.append((*run, segment))
            run, segment = [], ""
        if link.visible_host:
            segment += f"{text[at : link.visible_host_offset]} ({link.visible_host})"
            at = link.visible_host_offset
    runs.append((*run, segment + text[at:]))
    return CompiledBody(fragments=tuple(runs), personal_links=tuple(link for link in links if _is_personal(link)))


# FOLDED personal.py: Make the URLs of links of which a campaign only knows a merge tag: each recipient has
# other destinations.


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalUrlBuilder:
    """Makes what takes the places of the personal links for one recipient.

    Attributes:
        link_count: how many positions the campaign has.
        policy: which links are tracked.
        tag_url: adds UTM parameters to a destination.
        make_tracking_url: makes a tracking URL, as `rewrite_message` wants them.
    """

    link_count: int
    policy: Policy
    tag_url: Callable[[Candidate], str]
    make_tracking_url: Callable[[NumberedLink], str]

    def build_url(self, link: Link, destination: str) -> str:
        """A tracking URL; or the destination, quoted for its body, where the policy has it stay untracked.

        The policy looks at the destination as if the campaign had led there for all. For want of consent it has its
        UTM parameters nevertheless.
        """
        candidate = Candidate(
            start=link.start,
            end=link.end,
            href=destination,
            url=resolve_href(destination),
            location=link.location,
            element=link.element,
            label=link.label,
        )
        reason = self.policy.decide(candidate).reason
        if reason is LinkReason.CONSENT:
            return escape_url(self.tag_url(candidate), link.body_type)
        if reason is not LinkReason.TRACKED or link.position is None:
            return escape_url(destination, link.body_type)
        placed = NumberedLink(
            destination=self.tag_url(candidate),
            position=link.position,
            link_count=self.link_count,
            body_type=link.body_type,
            group=link.group,
        )
        return self.make_tracking_url(placed) or escape_url(destination, link.body_type)

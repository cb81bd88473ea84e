"""Compile a campaign once, so that each recipient's bodies cost one token and one join.

A tracking URL of a compiled campaign has a prefix that differs by recipient and a suffix that differs by link. The
suffixes are compiled into the text between the links. A body for a recipient is these pieces, joined by the prefix.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.numbering import (
    Body,
    LinkRewriter,
    NumberedLink,
    build_placeholder_url,
    escape_url,
    select_by_position,
)
from clicktrail.rewrite.policy import Policy

_URL_SUFFIX = re.compile(r"[A-Za-z0-9/._-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledBody:
    """A compiled body.

    Attributes:
        fragments: the text, split at the personal links, and each of these parts split where the URL prefix belongs.
        personal_links: links whose whole URL differs by recipient, in order. The campaign has a merge tag for each.
    """

    fragments: tuple[tuple[str, ...], ...]
    personal_links: tuple[Link, ...]

    def render(self, url_prefix: str, personal_urls: Sequence[str] = ()) -> str:
        """Return the body for one recipient.

        ``url_prefix`` starts the recipient's tracking URLs: the origin of the tracking domain and the token prefix,
        with only ``[A-Za-z0-9/._-]`` in the path.

        Raises:
            ValueError: the number of URLs is not the number of personal links.
        """
        if not self.personal_links and not personal_urls:
            return url_prefix.join(self.fragments[0])
        pieces = [url_prefix.join(self.fragments[0])]
        for url, fragments in zip(personal_urls, self.fragments[1:], strict=True):
            pieces += [url, url_prefix.join(fragments)]
        return "".join(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMessage:
    """The compiled bodies of a campaign.

    Attributes:
        text: plain-text body; never has personal links.
        links: links of both bodies, tracked or not. Tracked and personal links have a position, but no URL.
        links_by_position: one link for each position, in order: the tracked links, then the personal links.
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

    An HTML link that is a merge tag and has ``data-clicktrail-group`` is personal: its whole URL differs by recipient.
    All other links with merge tags stay unchanged. ``make_url_suffixes`` is called with the number of positions, and
    returns the end of each tracking URL: characters ``[A-Za-z0-9/._-]``, the last one alphanumeric.

    Raises:
        ValueError: a suffix has other characters.
    """
    bodies = [Body(body_type=BodyType.HTML, text=html), Body(index=1, body_type=BodyType.TEXT, text=text)]
    # The tracking URLs differ by recipient. Placeholders stand for them here; `_prepare_link` removes them.
    rewriter = LinkRewriter(policy=policy, make_url_tagger=lambda: tag_url, make_tracking_url=build_placeholder_url)
    links_by_body = rewriter.number_links(bodies)
    all_links = [link for links in links_by_body for link in links]
    tracked_count = len({link.position for link in all_links if link.position is not None})
    personal_indexes = dict.fromkeys(link.index for link in all_links if _is_personal(link))
    personal_positions = {index: position for position, index in enumerate(personal_indexes, start=tracked_count)}
    html_links, text_links = (
        tuple(_prepare_link(link, personal_positions) for link in links) for links in links_by_body
    )
    suffixes = [_check_url_suffix(suffix) for suffix in make_url_suffixes(tracked_count + len(personal_positions))]
    links = (*html_links, *text_links)
    return CompiledMessage(
        html=_compile_body(html, html_links, suffixes),
        text=_compile_body(text, text_links, suffixes),
        links=links,
        links_by_position=select_by_position(links),
    )


def build_personal_urls(
    links: Sequence[Link], destinations: Sequence[str], *, link_count: int, rewriter: LinkRewriter
) -> list[str]:
    """Return the URLs of the personal links for one recipient.

    The policy decides on each destination as on any other link. If it excludes one, the URL is the destination itself,
    escaped for its body; if only consent is missing, UTM parameters are added. ``link_count`` is the number of
    positions in the campaign.
    """
    tag_url = rewriter.make_url_tagger()
    return [
        _build_personal_url(link, destination, link_count, rewriter, tag_url)
        for link, destination in zip(links, destinations, strict=True)
    ]


def _build_personal_url(
    link: Link, destination: str, link_count: int, rewriter: LinkRewriter, tag_url: Callable[[Candidate], str]
) -> str:
    candidate = Candidate(
        start=link.start,
        end=link.end,
        href=destination,
        url=resolve_href(destination),
        location=link.location,
        element=link.element,
        label=link.label,
        is_trap=link.is_trap,
    )
    reason = rewriter.policy.decide(candidate).reason
    if reason is LinkReason.NO_CONSENT:  # UTM parameters need no consent
        return escape_url(tag_url(candidate), link.body_type)
    if reason is not LinkReason.TRACKED or link.position is None:
        return escape_url(destination, link.body_type)
    numbered_link = NumberedLink(
        destination=tag_url(candidate),
        position=link.position,
        link_count=link_count,
        body_type=link.body_type,
        group=link.group,
        is_trap=link.is_trap,
    )
    return rewriter.make_tracking_url(numbered_link) or escape_url(destination, link.body_type)


def _is_personal(link: Link) -> bool:
    return link.reason is LinkReason.MERGE_TAG and bool(link.group)


def _prepare_link(link: Link, personal_positions: Mapping[int, int]) -> Link:
    """Remove the placeholder URL of a tracked link, and give a personal link its position."""
    if _is_personal(link):
        return msgspec.structs.replace(link, position=personal_positions[link.index])
    return link if link.position is None else msgspec.structs.replace(link, replacement="")


def _check_url_suffix(suffix: str) -> str:
    if not _URL_SUFFIX.fullmatch(suffix):
        raise ValueError(f"suffix of a tracking URL has characters that need quoting: {suffix!r}")
    return suffix


def _compile_body(text: str, links: Sequence[Link], suffixes: Sequence[str]) -> CompiledBody:
    parts: list[tuple[str, ...]] = []  # between personal links
    fragments: list[str] = []  # of the current part, between URL prefixes
    offset, fragment = 0, ""
    for link in links:
        if link.position is None and not link.replacement:
            continue
        fragment += text[offset : link.start]
        offset = link.end
        if link.position is None:
            fragment += link.replacement
        elif link.is_tracked:
            fragments.append(fragment)
            fragment = suffixes[link.position]
        else:  # a personal link
            parts.append((*fragments, fragment))
            fragments, fragment = [], ""
        if link.visible_host:
            fragment += f"{text[offset : link.visible_host_offset]} ({link.visible_host})"
            offset = link.visible_host_offset
    parts.append((*fragments, fragment + text[offset:]))
    return CompiledBody(fragments=tuple(parts), personal_links=tuple(link for link in links if _is_personal(link)))

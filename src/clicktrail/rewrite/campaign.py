"""Find the links of a campaign once, and make each recipient's bodies by joining what is between them.

A tracking URL of a compiled campaign is a beginning that differs by recipient and an end that differs by link. The
ends are compiled in with the text around them, so that a recipient costs one beginning and one join.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite.candidate import Candidate, read_url
from clicktrail.rewrite.numbering import Body, Placed, place, written
from clicktrail.rewrite.policy import Policy

__all__ = ["Campaign", "PersonalUrls", "Template", "compile_campaign"]

_END = re.compile(r"[A-Za-z0-9/._-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One body, compiled.

    Attributes:
        runs: the text between links that differ by recipient as a whole; each run cut where a beginning belongs.
        personal: those links, in their order: of which the campaign only knows a merge tag.
    """

    runs: tuple[tuple[str, ...], ...]
    personal: tuple[Link, ...]

    def render(self, beginning: str, urls: Sequence[str] = ()) -> str:
        """The body for one recipient.

        Args:
            beginning: what each tracking URL begins with, the tracking domain and `seal_campaign`'s result: http
                or https, characters ``[A-Za-z0-9/._-]`` in the path.
            urls: for each of the personal links, the URL that takes its place.

        Raises:
            ValueError: not as many URLs as there are personal links.
        """
        if not self.personal and not urls:
            return beginning.join(self.runs[0])
        pieces = [beginning.join(self.runs[0])]
        for url, run in zip(urls, self.runs[1:], strict=True):
            pieces += [url, beginning.join(run)]
        return "".join(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A message to many, compiled.

    Attributes:
        html: its HTML body.
        text: its plain-text body, which has no personal links.
        links: all links of both, tracked or not; those that each recipient has a URL of their own for, tracked and
            personal ones, have a position and no URL.
        positions: one link for each position, in their order: tracked links from 0 on, behind them the personal ones.
    """

    html: Template
    text: Template
    links: tuple[Link, ...]
    positions: tuple[Link, ...]


def compile_campaign(
    *, html: str, text: str = "", policy: Policy, tag: Callable[[Candidate], str], ends: Callable[[int], Sequence[str]]
) -> Campaign:
    """Compile the bodies of a campaign.

    A link of the HTML that is a merge tag and has ``data-clicktrail-group`` is personal: each recipient has a URL of
    their own for it. Other links with merge tags stay as they are.

    Args:
        html: the HTML body; empty if there is none.
        text: the plain-text body; empty if there is none.
        policy: which links are tracked.
        tag: adds UTM parameters to a destination.
        ends: what tracking URLs end with, by position, for so many links: characters ``[A-Za-z0-9/._-]``, the last
            one alphanumeric.

    Raises:
        ValueError: ``ends`` gave other characters.
    """
    bodies = [Body(part=Part.HTML, text=html), Body(number=1, part=Part.TEXT, text=text)]
    found = place(bodies, policy=policy, tag=tag, tracking_url=_unknown)
    count = len({link.position for links in found for link in links if link.position is not None})
    personal = dict.fromkeys(link.index for links in found for link in links if _is_personal(link))
    numbers = {index: count + number for number, index in enumerate(personal)}
    placed = [tuple(_positioned(link, numbers) for link in links) for links in found]
    checked = [_checked(end) for end in ends(count + len(numbers))]
    compiled = [_compile(body.text, links, checked) for body, links in zip(bodies, placed, strict=True)]
    links = (*placed[0], *placed[1])
    return Campaign(html=compiled[0], text=compiled[1], links=links, positions=_by_position(links))


def _unknown(placed: Placed) -> str:
    """What stands for a recipient's tracking URLs while there is no recipient."""
    return f"https://recipient.invalid/{placed.position}"


def _by_position(links: Sequence[Link]) -> tuple[Link, ...]:
    found = {link.position: link for link in reversed(links) if link.position is not None}
    return tuple(found[position] for position in range(len(found)))


def _is_personal(link: Link) -> bool:
    return link.reason is LinkReason.MERGE_TAG and bool(link.group)


def _positioned(link: Link, numbers: Mapping[int, int]) -> Link:
    """A link as it is known before there is a recipient."""
    if _is_personal(link):
        return msgspec.structs.replace(link, position=numbers[link.index])
    return link if link.position is None else msgspec.structs.replace(link, url="")


def _checked(end: str) -> str:
    if not _END.fullmatch(end):
        raise ValueError(f"not an end of a tracking URL that fits into every body: {end!r}")
    return end


def _compile(text: str, links: Sequence[Link], ends: Sequence[str]) -> Template:
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    at, segment = 0, ""
    for link in links:
        if link.position is None and not link.url:
            continue
        segment += text[at : link.start]
        at = link.end
        if link.position is None:
            segment += link.url
        elif link.tracked:
            run.append(segment)
            segment = ends[link.position]
        else:
            runs.append((*run, segment))
            run, segment = [], ""
        if link.host:
            segment += f"{text[at : link.host_at]} ({link.host})"
            at = link.host_at
    runs.append((*run, segment + text[at:]))
    return Template(runs=tuple(runs), personal=tuple(link for link in links if _is_personal(link)))


# FOLDED personal.py: Make the URLs of links of which a campaign only knows a merge tag: each recipient has
# other destinations.


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalUrls:
    """Makes what takes the places of the personal links for one recipient.

    Attributes:
        links: how many positions the campaign has.
        policy: which links are tracked.
        tag: adds UTM parameters to a destination.
        tracking_url: makes a tracking URL, as `rewrite_message` wants them.
    """

    links: int
    policy: Policy
    tag: Callable[[Candidate], str]
    tracking_url: Callable[[Placed], str]

    def url(self, link: Link, destination: str) -> str:
        """A tracking URL; or the destination, quoted for its body, where the policy has it stay untracked.

        The policy looks at the destination as if the campaign had led there for all. For want of consent it has its
        UTM parameters nevertheless.
        """
        candidate = Candidate(
            start=link.start,
            end=link.end,
            href=destination,
            url=read_url(destination),
            location=link.location,
            element=link.element,
            label=link.label,
        )
        reason = self.policy.judge(candidate).reason
        if reason is LinkReason.CONSENT:
            return written(self.tag(candidate), link.part)
        if reason is not LinkReason.TRACKED or link.position is None:
            return written(destination, link.part)
        placed = Placed(
            destination=self.tag(candidate),
            position=link.position,
            links=self.links,
            part=link.part,
            group=link.group,
        )
        return self.tracking_url(placed) or written(destination, link.part)

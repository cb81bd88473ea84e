"""Find the links of a campaign once, and make each recipient's bodies by joining what is between them.

A tracking URL of a compiled campaign is a beginning that differs by recipient and an end that differs by link. The
ends are compiled in with the text around them, so that a recipient costs one beginning and one join.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.placing import Body, Placed, place
from clicktrail.rewrite.policy import Policy

__all__ = ["Campaign", "Template", "compile_campaign"]

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
        text: its plain-text body.
        links: how many positions it has: tracked links from 0 on, behind them the personal ones of the HTML and then
            those of the text, each by itself.
    """

    html: Template
    text: Template
    links: int


def compile_campaign(
    *, html: str, text: str = "", policy: Policy, tag: Callable[[Candidate], str], end: Callable[[Placed], str]
) -> Campaign:
    """Compile the bodies of a campaign.

    A link that is a merge tag and has ``data-clicktrail-group`` is personal: each recipient has a URL of their own for
    it. Other links with merge tags stay as they are.

    Args:
        html: the HTML body; empty if there is none.
        text: the plain-text body, where it has one.
        policy: which links are tracked.
        tag: adds UTM parameters to a destination.
        end: what a link's tracking URLs end with, such as one of `ends`: characters ``[A-Za-z0-9/._-]``, the last one
            alphanumeric. Called once per position and part.

    Raises:
        ValueError: ``end`` gave other characters.
    """
    bodies = [Body(part=Part.HTML, text=html), Body(number=1, part=Part.TEXT, text=text)]
    found = place(bodies, policy=policy, tag=tag, tracking_url=_unknown)
    tracked = {(link.position, link.part): link for links in found for link in links if link.position is not None}
    personal = sum(_is_personal(link) for links in found for link in links)
    count = len({position for position, _ in tracked}) + personal
    ends = {
        (position, part): _checked(end(_placed(link, position=position, links=count)))
        for (position, part), link in tracked.items()
    }
    compiled = [_compile(body.text, links, ends) for body, links in zip(bodies, found, strict=True)]
    return Campaign(html=compiled[0], text=compiled[1], links=count)


def _unknown(placed: Placed) -> str:
    """What stands for a recipient's tracking URLs while there is no recipient."""
    return f"https://recipient.invalid/{placed.position}"


def _placed(link: Link, *, position: int, links: int) -> Placed:
    return Placed(destination=link.destination, position=position, links=links, part=link.part, group=link.group)


def _is_personal(link: Link) -> bool:
    return link.reason is LinkReason.MERGE_TAG and bool(link.group)


def _checked(end: str) -> str:
    if not _END.fullmatch(end):
        raise ValueError(f"not an end of a tracking URL that fits into every body: {end!r}")
    return end


def _compile(text: str, links: Sequence[Link], ends: Mapping[tuple[int, Part], str]) -> Template:
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    at, segment = 0, ""
    for link in links:
        if not link.url and not _is_personal(link):
            continue
        segment += text[at : link.start]
        at = link.end
        if link.position is not None:
            run.append(segment)
            segment = ends[link.position, link.part]
        elif _is_personal(link):
            runs.append((*run, segment))
            run, segment = [], ""
        else:
            segment += link.url
        if link.host:
            segment += f"{text[at : link.host_at]} ({link.host})"
            at = link.host_at
    runs.append((*run, segment + text[at:]))
    return Template(runs=tuple(runs), personal=tuple(link for link in links if _is_personal(link)))

"""Make the URLs of links of which a campaign only knows a merge tag: each recipient has other destinations."""

from collections.abc import Callable
from dataclasses import dataclass

from clicktrail.model.link import Link, LinkReason
from clicktrail.rewrite.candidate import Candidate, read_url
from clicktrail.rewrite.placing import Placed, written
from clicktrail.rewrite.policy import Policy

__all__ = ["PersonalUrls"]


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

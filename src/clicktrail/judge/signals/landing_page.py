"""What landing pages saw of the visitors whom links led there."""

from collections.abc import Iterable

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.grouping import find_runs, group_by, link_key, visitor_key
from clicktrail.judge.signals.base import SignalMatches
from clicktrail.model.event import Click

__all__ = ["engaged", "no_engagement"]


def engaged(evidence: MessageEvidence, *, simultaneous_pages: int, window_s: float) -> SignalMatches:
    """Trusted input on the landing page; that a script merely ran there proves nothing.

    Nor does input on so many pages at once by one visitor: a page tells of it once it has been in view for a second,
    and people look at one page at a time.
    """
    if len(evidence.engagements) < simultaneous_pages:
        at_once = set()
    else:
        links = {click.id: link_key(click) for click in evidence.clicks}
        at_once = {
            event.click_id
            for clicks in _group_by_visitor(
                evidence, (click for click in evidence.clicks if click.id in evidence.engagements)
            )
            for run in find_runs(
                sorted((evidence.engagements[click.id] for click in clicks), key=lambda event: event.at),
                key=lambda event: links[event.click_id],
                min_distinct=simultaneous_pages,
                window_s=window_s,
            )
            for event in run
        }
    return {
        click.id: "pressed, scrolled or typed"
        for click in evidence.clicks
        if click.id in evidence.engagements and click.id not in at_once
    }


def no_engagement(evidence: MessageEvidence, *, min_pages: int) -> SignalMatches:
    """So many landing pages on which a script ran, and none on which the visitor of them all did anything."""
    if len(evidence.loaded_click_ids) < min_pages:
        return {}
    found = {}
    for clicks in _group_by_visitor(evidence, evidence.followed_clicks):
        seen = [click for click in clicks if click.id in evidence.loaded_click_ids]
        links = len(set(map(link_key, seen)))
        if links >= min_pages and not any(click.id in evidence.engagements for click in clicks):
            found.update({click.id: f"{links} pages loaded and none touched" for click in seen})
    return found


def _group_by_visitor(evidence: MessageEvidence, clicks: Iterable[Click]) -> Iterable[list[Click]]:
    """Clicks by whoever made them, as far as that can be told; without those of which it cannot."""
    return group_by(clicks, lambda click: visitor_key(evidence, click)).values()

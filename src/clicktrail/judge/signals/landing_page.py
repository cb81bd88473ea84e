"""Signals from the landing page's script."""

from collections.abc import Iterable

from clicktrail.judge.evidence import MessageEvidence, SignalMatches
from clicktrail.judge.grouping import find_runs, group_by, link_key, visitor_key
from clicktrail.model.event import Click


def engaged(evidence: MessageEvidence, *, simultaneous_pages: int, window_s: float) -> SignalMatches:
    """Match clicks with trusted input on the landing page, unless one visitor used several pages at once.

    A page reports input only after it was visible for a second, and people look at one page at a time. So
    ``simultaneous_pages`` or more pages used within ``window_s`` were used by a program.
    """
    if len(evidence.engagements) < simultaneous_pages:
        simultaneous_click_ids = set()
    else:
        link_keys = {click.id: link_key(click) for click in evidence.clicks}
        engaged_clicks = (click for click in evidence.clicks if click.id in evidence.engagements)
        simultaneous_click_ids = {
            event.click_id
            for clicks in _group_by_visitor(evidence, engaged_clicks)
            for run in find_runs(
                sorted((evidence.engagements[click.id] for click in clicks), key=lambda event: event.at),
                key=lambda event: link_keys[event.click_id],
                min_distinct=simultaneous_pages,
                window_s=window_s,
            )
            for event in run
        }
    return {
        click.id: "pressed, scrolled or typed"
        for click in evidence.clicks
        if click.id in evidence.engagements and click.id not in simultaneous_click_ids
    }


def no_engagement(evidence: MessageEvidence, *, min_pages: int) -> SignalMatches:
    """Match visitors who loaded the landing pages of ``min_pages`` or more links, without input on any."""
    if len(evidence.loaded_click_ids) < min_pages:
        return {}
    matches = {}
    for clicks in _group_by_visitor(evidence, evidence.regular_clicks):
        loaded_clicks = [click for click in clicks if click.id in evidence.loaded_click_ids]
        page_count = len(set(map(link_key, loaded_clicks)))
        if page_count >= min_pages and not any(click.id in evidence.engagements for click in clicks):
            matches.update({click.id: f"{page_count} landing pages loaded, no input on any" for click in loaded_clicks})
    return matches


def _group_by_visitor(evidence: MessageEvidence, clicks: Iterable[Click]) -> Iterable[list[Click]]:
    return group_by(clicks, lambda click: visitor_key(evidence, click)).values()

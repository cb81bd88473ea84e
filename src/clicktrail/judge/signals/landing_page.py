"""What landing pages saw of the visitors whom links led there."""

from collections.abc import Iterable

from clicktrail.judge.evidence import Case
from clicktrail.judge.grouping import grouped, link_of, place, runs
from clicktrail.judge.signals.base import Findings
from clicktrail.model.event import Click

__all__ = ["engaged", "untouched"]


def engaged(case: Case, *, pages: int, seconds: float) -> Findings:
    """Trusted input on the landing page; that a script merely ran there proves nothing.

    Nor does input on so many pages at once by one visitor: a page tells of it once it has been in view for a second,
    and people look at one page at a time.
    """
    if len(case.engaged) < pages:
        at_once = set()
    else:
        links = {click.id: link_of(click) for click in case.clicks}
        at_once = {
            event.click_id
            for clicks in _by_visitor(case, (click for click in case.clicks if click.id in case.engaged))
            for run in runs(
                sorted((case.engaged[click.id] for click in clicks), key=lambda event: event.at),
                key=lambda event: links[event.click_id],
                different=pages,
                seconds=seconds,
            )
            for event in run
        }
    return {
        click.id: "pressed, scrolled or typed"
        for click in case.clicks
        if click.id in case.engaged and click.id not in at_once
    }


def untouched(case: Case, *, pages: int) -> Findings:
    """So many landing pages on which a script ran, and none on which the visitor of them all did anything."""
    if len(case.loaded) < pages:
        return {}
    found = {}
    for clicks in _by_visitor(case, case.followed):
        seen = [click for click in clicks if click.id in case.loaded]
        links = len(set(map(link_of, seen)))
        if links >= pages and not any(click.id in case.engaged for click in clicks):
            found.update({click.id: f"{links} pages loaded and none touched" for click in seen})
    return found


def _by_visitor(case: Case, clicks: Iterable[Click]) -> Iterable[list[Click]]:
    """Clicks by whoever made them, as far as that can be told; without those of which it cannot."""
    return grouped(clicks, lambda click: place(case, click)).values()

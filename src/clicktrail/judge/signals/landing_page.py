"""Signals from the landing page's script."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from clicktrail.judge.evidence import MessageEvidence, SignalMatches, has_time_near
from clicktrail.judge.grouping import find_runs, group_by_visitor, link_key
from clicktrail.judge.signals.request import find_contradictions
from clicktrail.judge.user_agents import AgentKind
from clicktrail.model.event import Click


def engaged(
    evidence: MessageEvidence, *, simultaneous_pages: int, window_s: float, machine_pages: int, machine_window_s: float
) -> SignalMatches:
    """Match clicks with trusted input on the landing page, unless a program made it.

    A page reports input only after it was visible for a second, and people look at one page at a time. So
    ``simultaneous_pages`` or more pages used within ``window_s`` by one visitor were used by a program, and so were
    ``machine_pages`` within ``machine_window_s`` from a data centre. Programs also make trusted input through a
    browser's debugging interface: it proves nothing for a program that names itself, or whose headers contradict its
    User-Agent.
    """
    if not evidence.engagements:
        return {}
    program_click_ids = {
        *(click_id for click_id, agent in evidence.declared_agents.items() if agent.kind is AgentKind.AUTOMATION),
        *find_contradictions(evidence),
        *_find_swept_pages(evidence, evidence.clicks, min_pages=simultaneous_pages, window_s=window_s),
        *_find_swept_pages(
            evidence,
            [click for click in evidence.clicks if click.id in evidence.machine_network_click_ids],
            min_pages=machine_pages,
            window_s=machine_window_s,
        ),
    }
    return {
        click.id: "pressed, scrolled or typed"
        for click in evidence.clicks
        if click.id in evidence.engagements and click.id not in program_click_ids
    }


def _find_swept_pages(
    evidence: MessageEvidence, clicks: Iterable[Click], *, min_pages: int, window_s: float
) -> Iterator[str]:
    """IDs of the clicks on whose pages one visitor made input, on ``min_pages`` or more within ``window_s``."""
    engaged_clicks = {click.id: click for click in clicks if click.id in evidence.engagements}
    if len(engaged_clicks) < min_pages:
        return
    for visitor_clicks in group_by_visitor(evidence, engaged_clicks.values()):
        for run in find_runs(
            sorted((evidence.engagements[click.id] for click in visitor_clicks), key=lambda event: event.at),
            key=lambda event: link_key(engaged_clicks[event.click_id]),
            min_distinct=min_pages,
            window_s=window_s,
        ):
            yield from (event.click_id for event in run)


def no_engagement(evidence: MessageEvidence, *, min_pages: int, window_s: float) -> SignalMatches:
    """Match visitors who loaded the landing pages of ``min_pages`` or more links within ``window_s``, without input.

    All clicks of the visitor at that time match, also those on whose page no script ran. Input by the same visitor at
    another time changes nothing: it may be a person's, behind the same address as a scanner.
    """
    if len(evidence.loaded_click_ids) < min_pages:
        return {}
    matches = {}
    for clicks in group_by_visitor(evidence, evidence.regular_clicks):
        engaged_times = [click.at for click in clicks if click.id in evidence.engagements]
        unused = [click for click in clicks if not has_time_near(engaged_times, click.at, timedelta(seconds=window_s))]
        for run in find_runs(unused, key=_page_key(evidence), min_distinct=min_pages, window_s=window_s):
            page_count = len({link_key(click) for click in run if click.id in evidence.loaded_click_ids})
            matches.update({click.id: f"{page_count} landing pages loaded, no input on any" for click in run})
    return matches


def _page_key(evidence: MessageEvidence) -> Callable[[Click], int | str | None]:
    return lambda click: link_key(click) if click.id in evidence.loaded_click_ids else None

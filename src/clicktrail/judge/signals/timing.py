"""Signals from time: how soon after the message a click comes, and how close together clicks are."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from math import ceil

from clicktrail.judge.evidence import MessageEvidence, SignalMatches
from clicktrail.judge.grouping import (
    expand_runs,
    find_datacentre_runs,
    find_link_runs,
    group_by_visitor,
    link_key,
    run_duration_s,
)
from clicktrail.model.event import Click


def fast(evidence: MessageEvidence, *, max_delay_s: float) -> SignalMatches:
    """Match clicks before the message arrived, or within ``max_delay_s`` after.

    Without a delivery event the delay is measured from the sending, which is earlier: that may miss a scanner, but
    never accuses a person.
    """
    return {
        click_id: _format_delay(delay_s) for click_id, delay_s in _compute_delays_s(evidence) if delay_s < max_delay_s
    }


def early(
    evidence: MessageEvidence, *, min_delay_s: float, max_delay_s: float, machine_network_max_delay_s: float
) -> SignalMatches:
    """Match clicks sooner than most people read, with a longer limit where scanners run.

    Clicks before ``min_delay_s`` are left to `fast`, so that they count once.
    """
    return {
        click_id: _format_delay(delay_s)
        for click_id, delay_s in _compute_delays_s(evidence)
        if min_delay_s
        <= delay_s
        < (machine_network_max_delay_s if click_id in evidence.machine_network_click_ids else max_delay_s)
    }


def burst(
    evidence: MessageEvidence, *, min_links: int, window_s: float, long_min_links: int, long_window_s: float
) -> SignalMatches:
    """Match clicks of one source on many links in a short time.

    Either ``min_links`` within ``window_s``, or ``long_min_links`` within ``long_window_s``.
    """
    limits = ((long_min_links, long_window_s), (min_links, window_s))
    return _match_bursts(evidence, evidence.regular_clicks, limits)


def datacentre_burst(
    evidence: MessageEvidence, *, min_links: int, window_s: float, long_min_links: int, long_window_s: float
) -> SignalMatches:
    """Like `burst`, for clicks from data centres and mail security companies.

    Few people read mail there, so its limits include bursts that are slow enough for a human.
    """
    clicks = [click for click in evidence.regular_clicks if click.id in evidence.machine_network_click_ids]
    limits = ((long_min_links, long_window_s), (min_links, window_s))
    return _match_bursts(evidence, clicks, limits, suffix=" from a data centre")


def all_links(evidence: MessageEvidence, *, min_links: int, window_s: float) -> SignalMatches:
    """Match one source that followed every link within ``window_s``, in messages with ``min_links`` or more."""
    if evidence.link_count < min_links:
        return {}
    runs = find_link_runs(
        evidence, evidence.regular_clicks, min_links=evidence.link_count, window_s=window_s, allow_unrelated=False
    )
    return expand_runs((run, f"all {evidence.link_count} links in {run_duration_s(run):.0f} s") for run in runs)


def serial_sweep(
    evidence: MessageEvidence, *, min_links: int, min_s: float, max_pause_s: float, max_omitted: int
) -> SignalMatches:
    """Match one visitor who followed every link one after the other, with pauses of at most ``max_pause_s``.

    In messages with ``min_links`` or more; in longer ones, ``max_omitted`` links may be left out. The sweep takes at
    least ``min_s``, and half of the links are followed late in it, and half early. So a fast scan is left to
    `all_links`, also if a person behind the same address follows a link before or after it.
    """
    if evidence.link_count < min_links:
        return {}
    min_distinct = max(min_links, evidence.link_count - max_omitted)
    if len(evidence.regular_clicks) < min_distinct or run_duration_s(evidence.regular_clicks) < min_s:
        return {}
    matches = {}
    for clicks in group_by_visitor(evidence, evidence.regular_clicks):
        for session in _split_at_pauses(clicks, max_pause_s):
            if _is_serial(session, min_distinct=min_distinct, min_s=min_s):
                detail = f"{_count_links(session)} of {evidence.link_count} links one after the other"
                matches.update({click.id: f"{detail} in {run_duration_s(session) / 60:.0f} min" for click in session})
    return matches


def _split_at_pauses(clicks: Sequence[Click], max_pause_s: float) -> Iterator[Sequence[Click]]:
    first = 0
    for number, (earlier, later) in enumerate(pairwise(clicks), start=1):
        if (later.at - earlier.at).total_seconds() > max_pause_s:
            yield clicks[first:number]
            first = number
    yield clicks[first:]


def _is_serial(clicks: Sequence[Click], *, min_distinct: int, min_s: float) -> bool:
    # Every condition also holds with more clicks.
    if _count_links(clicks) < min_distinct or run_duration_s(clicks) < min_s:
        return False
    late_at, early_at = clicks[0].at + timedelta(seconds=min_s / 2), clicks[-1].at - timedelta(seconds=min_s / 2)
    late, early = ([c for c in clicks if c.at >= late_at], [c for c in clicks if c.at <= early_at])
    return min(_count_links(late), _count_links(early)) >= min_distinct // 2


def datacentre_many_links(
    evidence: MessageEvidence, *, min_links: int, min_share: float, min_followed_links: int, window_s: float
) -> SignalMatches:
    """Match clicks from data centres on a large share of the message's links.

    The message has at least ``min_links``. Within ``window_s``, at least ``min_share`` of them were followed, and at
    least ``min_followed_links``.
    """
    if evidence.link_count < min_links or not evidence.datacentre_click_ids:
        return {}
    clicks = [click for click in evidence.regular_clicks if click.id in evidence.datacentre_click_ids]
    min_distinct = max(min_followed_links, ceil(min_share * evidence.link_count))
    runs = find_datacentre_runs(clicks, min_links=min_distinct, window_s=window_s)
    return expand_runs((run, f"{_count_links(run)} of {evidence.link_count} links from data centres") for run in runs)


def _match_bursts(
    evidence: MessageEvidence, clicks: Sequence[Click], limits: Sequence[tuple[int, float]], *, suffix: str = ""
) -> SignalMatches:
    if len(clicks) < min(limits)[0]:  # most messages
        return {}
    # A click may be in a burst of each limit; expand_runs keeps the detail of the last one.
    runs = (
        run
        for min_links, window_s in limits
        for run in find_link_runs(evidence, clicks, min_links=min_links, window_s=window_s)
    )
    return expand_runs((run, f"{_format_burst(run)}{suffix}") for run in runs)


def _compute_delays_s(evidence: MessageEvidence) -> list[tuple[str, float]]:
    """Pairs of click ID and seconds since the message arrived; none if the arrival is unknown."""
    if evidence.arrived_at is None:
        return []
    return [(click.id, (click.at - evidence.arrived_at).total_seconds()) for click in evidence.clicks]


def _format_delay(delay_s: float) -> str:
    if delay_s < 0:
        return f"{-delay_s:.1f} s before the message arrived"
    return f"{delay_s:.1f} s after the message arrived"


def _format_burst(run: Sequence[Click]) -> str:
    return f"{_count_links(run)} links in {run_duration_s(run):.1f} s"


def _count_links(run: Sequence[Click]) -> int:
    return len(set(map(link_key, run)))

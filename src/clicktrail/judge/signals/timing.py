"""How soon after the message requests come, and how close to each other."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.grouping import find_link_runs, find_runs, link_key
from clicktrail.judge.signals.base import SignalMatches, expand_runs, run_duration_s
from clicktrail.model.event import Click

__all__ = ["all_links", "burst", "datacentre_burst", "datacentre_many_links", "early", "fast"]


def fast(evidence: MessageEvidence, *, max_delay_s: float) -> SignalMatches:
    """A click before the message arrived, or within so many seconds after.

    It is measured from the delivery where that is known, and else from the sending, which is earlier: a scanner may
    be missed that way, a person never accused.
    """
    return {click_id: _format_delay(age) for click_id, age in _compute_delays(evidence) if age < max_delay_s}


def early(
    evidence: MessageEvidence, *, min_delay_s: float, max_delay_s: float, machine_network_max_delay_s: float
) -> SignalMatches:
    """A click within so many seconds, which is less than reading takes; later ones only from where scanners run.

    What is sooner than ``min_delay_s`` is `fast`, and so counts once.
    """
    return {
        click_id: _format_delay(age)
        for click_id, age in _compute_delays(evidence)
        if min_delay_s
        <= age
        < (machine_network_max_delay_s if click_id in evidence.machine_network_click_ids else max_delay_s)
    }


def burst(
    evidence: MessageEvidence, *, min_links: int, window_s: float, long_min_links: int, long_window_s: float
) -> SignalMatches:
    """So many different links of the message within so many seconds, or more in more, followed by one source."""
    found = _find_bursts(evidence, evidence.followed_clicks, ((long_min_links, long_window_s), (min_links, window_s)))
    return expand_runs((run, f"{len(set(map(link_key, run)))} links in {run_duration_s(run):.1f} s") for run in found)


def datacentre_burst(
    evidence: MessageEvidence, *, min_links: int, window_s: float, long_min_links: int, long_window_s: float
) -> SignalMatches:
    """The same more slowly, as a person with quick fingers might, from where hardly anyone reads mail."""
    clicks = [click for click in evidence.followed_clicks if click.id in evidence.machine_network_click_ids]
    found = _find_bursts(evidence, clicks, ((long_min_links, long_window_s), (min_links, window_s)))
    return expand_runs(
        (run, f"{len(set(map(link_key, run)))} links in {run_duration_s(run):.1f} s from a data centre")
        for run in found
    )


def all_links(evidence: MessageEvidence, *, min_links: int, window_s: float) -> SignalMatches:
    """Every link of a message that has at least so many of them, within so many seconds, followed by one source."""
    if evidence.link_count < min_links:
        return {}
    found = find_link_runs(
        evidence, evidence.followed_clicks, min_links=evidence.link_count, window_s=window_s, allow_unrelated=False
    )
    return expand_runs((run, f"all {evidence.link_count} links in {run_duration_s(run):.0f} s") for run in found)


def datacentre_many_links(
    evidence: MessageEvidence, *, min_links: int, min_share: float, min_followed_links: int, window_s: float
) -> SignalMatches:
    """Such a share of the links of a message that has so many, and at least so few, from data centres in some time."""
    if evidence.link_count < min_links or not evidence.datacentre_click_ids:
        return {}
    clicks = [click for click in evidence.followed_clicks if click.id in evidence.datacentre_click_ids]
    many = max(min_followed_links, ceil(min_share * evidence.link_count))
    found = find_runs(clicks, key=link_key, min_distinct=many, window_s=window_s)
    return expand_runs(
        (run, f"{len(set(map(link_key, run)))} of {evidence.link_count} links from data centres") for run in found
    )


def _find_bursts(
    evidence: MessageEvidence, clicks: Sequence[Click], limits: Iterable[tuple[int, float]]
) -> Iterator[Sequence[Click]]:
    """The runs at each pace, so many links in so many seconds; of two that share a click the last names it."""
    for links, seconds in limits:
        yield from find_link_runs(evidence, clicks, min_links=links, window_s=seconds)


def _compute_delays(evidence: MessageEvidence) -> list[tuple[str, float]]:
    """By click id, seconds since the message arrived; nothing where nobody told when it did."""
    if evidence.arrived_at is None:
        return []
    return [(click.id, (click.at - evidence.arrived_at).total_seconds()) for click in evidence.clicks]


def _format_delay(seconds: float) -> str:
    if seconds < 0:
        return f"{-seconds:.1f} s before the message arrived"
    return f"{seconds:.1f} s after the message arrived"

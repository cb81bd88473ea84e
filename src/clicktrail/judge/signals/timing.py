"""How soon after the message requests come, and how close to each other."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from clicktrail.judge.evidence import Case
from clicktrail.judge.grouping import link_of, runs, sweeps
from clicktrail.judge.signals.base import Findings, span, told
from clicktrail.model.event import Click

__all__ = ["all_links", "burst", "early", "fast", "hosted_burst", "many_links_hosted"]


def fast(case: Case, *, seconds: float) -> Findings:
    """A click before the message arrived, or within so many seconds after.

    It is measured from the delivery where that is known, and else from the sending, which is earlier: a scanner may
    be missed that way, a person never accused.
    """
    return {click_id: _age(age) for click_id, age in _ages(case) if age < seconds}


def early(case: Case, *, after: float, seconds: float, hosted_seconds: float) -> Findings:
    """A click within so many seconds, which is less than reading takes; later ones only from where scanners run.

    What is sooner than ``after`` is `fast`, and so counts once.
    """
    return {
        click_id: _age(age)
        for click_id, age in _ages(case)
        if after <= age < (hosted_seconds if click_id in case.programs else seconds)
    }


def burst(case: Case, *, links: int, seconds: float, more_links: int, more_seconds: float) -> Findings:
    """So many different links of the message within so many seconds, or more in more, followed by one source."""
    found = _bursts(case, case.followed, ((more_links, more_seconds), (links, seconds)))
    return told((run, f"{len(set(map(link_of, run)))} links in {span(run):.1f} s") for run in found)


def hosted_burst(case: Case, *, links: int, seconds: float, more_links: int, more_seconds: float) -> Findings:
    """The same more slowly, as a person with quick fingers might, from where hardly anyone reads mail."""
    clicks = [click for click in case.followed if click.id in case.programs]
    found = _bursts(case, clicks, ((more_links, more_seconds), (links, seconds)))
    return told((run, f"{len(set(map(link_of, run)))} links in {span(run):.1f} s from a data centre") for run in found)


def all_links(case: Case, *, links: int, seconds: float) -> Findings:
    """Every link of a message that has at least so many of them, within so many seconds, followed by one source."""
    if case.links < links:
        return {}
    found = sweeps(case, case.followed, links=case.links, seconds=seconds, scattered=False)
    return told((run, f"all {case.links} links in {span(run):.0f} s") for run in found)


def many_links_hosted(case: Case, *, links: int, share: float, least: int, seconds: float) -> Findings:
    """Such a share of the links of a message that has so many, and at least so few, from data centres in some time."""
    if case.links < links or not case.hosted:
        return {}
    clicks = [click for click in case.followed if click.id in case.hosted]
    many = max(least, ceil(share * case.links))
    found = runs(clicks, key=link_of, different=many, seconds=seconds)
    return told((run, f"{len(set(map(link_of, run)))} of {case.links} links from data centres") for run in found)


def _bursts(case: Case, clicks: Sequence[Click], paces: Iterable[tuple[int, float]]) -> Iterator[Sequence[Click]]:
    """The runs at each pace, so many links in so many seconds; of two that share a click the last names it."""
    for links, seconds in paces:
        yield from sweeps(case, clicks, links=links, seconds=seconds)


def _ages(case: Case) -> list[tuple[str, float]]:
    """By click id, seconds since the message arrived; nothing where nobody told when it did."""
    if case.arrived_at is None:
        return []
    return [(click.id, (click.at - case.arrived_at).total_seconds()) for click in case.clicks]


def _age(seconds: float) -> str:
    if seconds < 0:
        return f"{-seconds:.1f} s before the message arrived"
    return f"{seconds:.1f} s after the message arrived"

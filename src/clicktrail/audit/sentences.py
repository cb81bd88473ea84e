"""What an audit says in words: the first sentence, what is unknown and why, and what to do next."""

from collections.abc import Iterator, Sequence
from typing import Final

from clicktrail.audit.plausibility import CampaignFacts
from clicktrail.report.audited import AuditedCampaign, AuditedTotal
from clicktrail.report.link_totals import LinkTotals
from clicktrail.report.scanners import ScannerReport

NO_CAMPAIGN: Final = "(none)"
_MAX_NAMES: Final = 5
"""Campaigns that a note names."""
_MIN_JOINED_SHARE: Final = 0.5
"""Share of clicked messages with a delivery, below which deliveries must be missing."""
_SMALL_DIFFERENCE: Final = 0.01
"""Difference of click rates that changes no decision: a percentage point."""


def describe_total(total: AuditedTotal) -> str:
    """The first sentence: what the ESP counts, and how many people clicked."""
    if not total.campaign_count:
        return "The files contain no message of a campaign."
    counts = total.counts
    if not counts.clicks.total:
        if not counts.delivered:
            return "No one clicked, and no deliveries are known."
        return f"No one clicked: {_count(counts.delivered, 'message')} delivered."
    return f"{_describe_clickers(counts)}{_describe_part(total)}."


def _describe_clickers(counts: AuditedCampaign) -> str:
    if not counts.clickers:
        return (
            f"Your ESP counts {_count(counts.clicks.total, 'click')}, {counts.clicks.human:,} of them human; they name"
            " no recipients, so the number of people is unknown"
        )
    if counts.raw_rate is not None:
        esp = f"Your ESP counts {counts.raw_rate:.1%}"
        if counts.human_rate is None or counts.human_rate_at_most is None:
            return f"{esp}; how many of these are people is unknown"
        return (
            f"{esp}; people clicked {_describe_range(f'{counts.human_rate:.1%}', f'{counts.human_rate_at_most:.1%}')}"
        )
    esp = f"Your ESP counts {_count(counts.clickers, 'clicker')}"
    if counts.people is None or counts.people_at_most is None:
        return f"{esp}; how many of them are people is unknown, and so are click rates"
    people = _describe_range(f"{counts.people:,}", f"{counts.people_at_most:,}")
    return f"{esp}; {people} {'is a person' if people == '1' else 'are people'}, and click rates are unknown"


def _describe_range(least: str, most: str) -> str:
    return least if least == most else f"{least}, at most {most}"


def _describe_part(total: AuditedTotal) -> str:
    if not total.is_partial:
        return ""
    return f" (in {len(total.campaigns):,} of {total.campaign_count:,} campaigns; the notes say why)"


def describe_campaigns(campaigns: Sequence[AuditedCampaign], facts: CampaignFacts) -> Iterator[str]:
    """What cannot be said of some campaigns, and why."""
    without_recipients = [row.campaign for row in campaigns if row.clicks.total and not row.clickers]
    if without_recipients:
        yield f"clicks of {_list_names(without_recipients)} name no recipients, so the number of people is unknown"
    without_people = [row.campaign for row in campaigns if row.clickers and row.people is None]
    if without_people:
        yield (
            f"clicks of {_list_names(without_people)} have neither addresses nor agents, so the number of people is"
            " unknown"
        )
    undelivered = [row.campaign for row in campaigns if not row.delivered and row.clicks.total]
    if undelivered:
        yield f"no deliveries of {_list_names(undelivered)} are known, so click rates are unknown"
    accepted = [row.campaign for row in campaigns if row.delivered and row.delivered_basis == "accepted"]
    if accepted:
        names = _list_names(accepted)
        yield f"deliveries of {names} are sent messages less bounces, because no deliveries were reported"
    for row in campaigns:
        clicked, joined = facts.clicked[row.campaign], facts.clicked_and_delivered[row.campaign]
        name = row.campaign or NO_CAMPAIGN
        if 0 < row.delivered < row.clickers:
            yield (
                f"{row.clickers} recipients of {name} have clicks, but the number of known deliveries is"
                f" {row.delivered}, so its click rates are unknown"
            )
        elif row.delivered and joined < _MIN_JOINED_SHARE * clicked:
            yield (
                f"{joined} of {clicked} clicked messages of {name} have a delivery: deliveries are missing, so its"
                " click rates are too high"
            )


def _list_names(names: Sequence[str]) -> str:
    shown = [name or NO_CAMPAIGN for name in names[:_MAX_NAMES]]
    return ", ".join(shown) + (f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else "")


def suggest_next_steps(
    total: AuditedTotal, campaigns: Sequence[AuditedCampaign], scanners: Sequence[ScannerReport], links: LinkTotals
) -> Iterator[str]:
    """What to do, the most important first."""
    counts = total.counts
    if not counts.clicks.total:
        return
    if counts.people is not None:
        yield from _suggest_decisions(counts, scanners)
    unsubscribe = links.unsubscribe_clicks
    if by_programs := unsubscribe.total - unsubscribe.human:
        yield (
            f"Let the unsubscribe page ask for a confirmation: programs followed unsubscribe links"
            f" {_count(by_programs, 'time')}. One-click unsubscribing by POST (RFC 8058) is not affected."
        )
    if any(row.people is None for row in campaigns):
        yield (
            "Export clicks with recipients, IP addresses and User-Agents, if your ESP has them: without them, the"
            " number of people is unknown."
        )
    if any(row.clickers and not row.has_rates for row in campaigns):
        yield "Add the delivered events of the same messages to the audit: without them there are no click rates."
    if counts.people is not None and counts.people_at_most is not None and counts.people < counts.people_at_most:
        yield (
            f"{_count(counts.people_at_most - counts.people, 'clicker')} may be people at cloud desktops or behind"
            " VPNs: only their network is suspicious. Engagement on the landing page decides, and clicktrail can"
            " record it."
        )
    yield "Send the next campaign through clicktrail, and see the same numbers while people click."


def _suggest_decisions(counts: AuditedCampaign, scanners: Sequence[ScannerReport]) -> Iterator[str]:
    programs, least_programs = counts.clickers - (counts.people or 0), counts.clickers - (counts.people_at_most or 0)
    base = counts.delivered if counts.has_rates else counts.clickers
    if programs <= _SMALL_DIFFERENCE * base:
        yield "Your ESP's clickers are people, with few exceptions: its click rate can be used."
        return
    number = f"{programs:,}" if programs == least_programs else f"{least_programs:,} to {programs:,}"
    yield (
        f"Compare campaigns, subject lines and sending times by the people who clicked: {number} of"
        f" {_count(counts.clickers, 'clicker')} that your ESP counts are programs."
    )
    companies = max((scanner.companies for scanner in scanners), default=0)
    if companies:
        yield (
            "Start no follow-up and no lead score from a single click of a recipient whose company has a mail scanner:"
            " the scanner clicks for everyone."
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

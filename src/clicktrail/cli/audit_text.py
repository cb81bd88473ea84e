"""The result of an audit in a terminal. Every table fits 80 columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clicktrail.audit.sentences import NO_CAMPAIGN
from clicktrail.audit.summary import AuditSummary
from clicktrail.cli.tables import VERDICTS, build_signal_table, create_table, create_terminal
from clicktrail.report import ClickCounts
from clicktrail.report.audited import AuditedCampaign
from clicktrail.report.campaign import add_up_clicks
from clicktrail.report.link_totals import LinkTotals
from clicktrail.report.recipient_domains import RecipientDomain, add_up_domains
from clicktrail.report.scanners import ScannerReport

if TYPE_CHECKING:
    from rich.table import Table

MAX_ROWS: Final = 12
"""Rows of a table of scanners, domains or links. The others are added up."""
UNKNOWN: Final = "unknown"


def print_audit(summary: AuditSummary) -> None:
    """Print the first sentence, what it is made of, and what to do next."""
    console = create_terminal()
    console.print(summary.headline, style="bold")
    if summary.campaigns:
        for title, table in _build_tables(summary):
            console.print()
            if title:
                console.print(title, style="bold")
            console.print(table)
    if summary.next_steps:
        console.print()
        console.print("What to do next", style="bold")
        for number, step in enumerate(summary.next_steps, start=1):
            console.print(f"{number}. {step}")
    if summary.notes:
        console.print()
    for note in summary.notes:
        console.print(f"Note: {note}.")


def _build_tables(summary: AuditSummary) -> Sequence[tuple[str, "Table"]]:
    tables = [("", _build_rate_table(summary)), ("", _build_click_table(summary))]
    if summary.scanners:
        tables.append((describe_scanner_title(summary), _build_scanner_table(summary.scanners)))
    if summary.domains:
        tables.append(("Recipients' domains", _build_domain_table(summary.domains)))
    if summary.links.links or summary.links.other.total:
        tables.append(("Links", _build_link_table(summary.links)))
    if summary.links.unsubscribe:
        tables.append(("Links to unsubscribe", _build_unsubscribe_table(summary.links)))
    if summary.signals:
        nonhuman = sum(row.clicks.total - row.clicks.human for row in summary.campaigns)
        table = build_signal_table(summary.signals, nonhuman)
        tables.append((f"Signals on clicks that are not human ({nonhuman:,})", table))
    return tables


def describe_scanner_title(summary: AuditSummary) -> str:
    """The title of the scanners' table: how much of the click rate they make."""
    counts = summary.total.counts
    if counts.raw_rate is None or counts.human_rate is None or counts.raw_rate == counts.human_rate:
        return "Scanners"
    return f"Scanners: {100 * (counts.raw_rate - counts.human_rate):.1f} of the {100 * counts.raw_rate:.1f} points"


def _build_rate_table(summary: AuditSummary) -> "Table":
    table = create_table("campaign", "delivered", "clickers", "people", "raw rate", "click rate")
    if len(summary.campaigns) > 1:
        table.add_row(describe_total_name(summary), *_format_rates(summary.total.counts))
    for row in summary.campaigns:
        table.add_row(row.campaign or NO_CAMPAIGN, *_format_rates(row))
    return table


def _build_click_table(summary: AuditSummary) -> "Table":
    table = create_table("campaign", "clicks", *VERDICTS)
    if len(summary.campaigns) > 1:
        table.add_row(describe_total_name(summary), *_format_clicks(summary.total.counts.clicks))
    for row in summary.campaigns:
        table.add_row(row.campaign or NO_CAMPAIGN, *_format_clicks(row.clicks))
    return table


def describe_total_name(summary: AuditSummary) -> str:
    """The name of the row with the total."""
    total = summary.total
    return f"Total of {len(total.campaigns)} of {total.campaign_count} campaigns" if total.is_partial else "Total"


def _build_scanner_table(scanners: Sequence[ScannerReport]) -> "Table":
    table = create_table("scanner", "points", "clicks", "recipients", "companies")
    for row in scanners[:MAX_ROWS]:
        numbers = f"{row.clicks:,}", f"{row.recipients:,}", f"{row.companies:,}"
        table.add_row(f"{row.vendor}: {row.product}", format_points(row.rate), *numbers)
    if rest := scanners[MAX_ROWS:]:
        table.add_row(f"{len(rest)} others", *format_other_scanners(rest), "", "")
    return table


def format_other_scanners(scanners: Sequence[ScannerReport]) -> tuple[str, str]:
    """Points and clicks of all these scanners together. Recipients and companies may be the same ones."""
    rate = None if scanners[0].rate is None else sum(row.rate or 0 for row in scanners)
    return format_points(rate), f"{sum(row.clicks for row in scanners):,}"


def _build_domain_table(domains: Sequence[RecipientDomain]) -> "Table":
    table = create_table("domain", "delivered", "clicked", "by people", "click rate", "scanners")
    for row in shorten_domains(domains):
        scanners = ", ".join(name for name, _ in row.bot_names.most_common(2))
        table.add_row(
            row.domain,
            f"{row.delivered:,}" if row.delivered else UNKNOWN,
            f"{row.clicked:,}",
            format_range(row.people, row.people_at_most),
            format_rate(row.human_rate),
            scanners,
        )
    return table


def shorten_domains(domains: Sequence[RecipientDomain]) -> list[RecipientDomain]:
    """The first domains, and the others added up."""
    rest = domains[MAX_ROWS:]
    return [*domains[:MAX_ROWS], *([add_up_domains(rest, f"{len(rest):,} others")] if rest else [])]


def _build_link_table(links: LinkTotals) -> "Table":
    table = create_table("destination", "clicks", "human", "share")
    for row in links.links[:MAX_ROWS]:
        table.add_row(row.name.address, *_format_human_clicks(row.clicks))
    if other := add_up_other_links(links):
        table.add_row("others", *_format_human_clicks(other))
    return table


def add_up_other_links(links: LinkTotals) -> ClickCounts | None:
    """Clicks on the links beyond the first ones; None if there are none."""
    other = add_up_clicks([links.other, *(row.clicks for row in links.links[MAX_ROWS:])])
    return other if other.total else None


def _build_unsubscribe_table(links: LinkTotals) -> "Table":
    table = create_table("destination", "clicks", "human", "share")
    for row in links.unsubscribe[:MAX_ROWS]:
        table.add_row(row.name.address, *_format_human_clicks(row.clicks))
    return table


def _format_rates(row: AuditedCampaign) -> list[str]:
    return [
        f"{row.delivered:,}" if row.delivered else UNKNOWN,
        f"{row.clickers:,}",
        format_range(row.people, row.people_at_most),
        format_rate(row.raw_rate),
        format_rate_range(row),
    ]


def _format_clicks(clicks: ClickCounts) -> list[str]:
    return [f"{getattr(clicks, name):,}" for name in ("total", *VERDICTS)]


def _format_human_clicks(clicks: ClickCounts) -> list[str]:
    return [f"{clicks.total:,}", f"{clicks.human:,}", format_rate(clicks.human / clicks.total)]


def format_range(least: int | None, most: int | None) -> str:
    """A number of people, from the least to the most."""
    if least is None or most is None:
        return UNKNOWN
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"


def format_rate(rate: float | None) -> str:
    """A rate in per cent."""
    return UNKNOWN if rate is None else f"{rate:.1%}"


def format_rate_range(row: AuditedCampaign) -> str:
    """The click rate, from the least to the most."""
    least, most = format_rate(row.human_rate), format_rate(row.human_rate_at_most)
    return least if least == most else f"{least.removesuffix('%')}-{most}"


def format_points(rate: float | None) -> str:
    """A difference of rates in percentage points."""
    return UNKNOWN if rate is None else f"{100 * rate:.1f}"

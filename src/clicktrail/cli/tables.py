"""Reports as tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clicktrail.cli.terminal import print_line

if TYPE_CHECKING:  # Rich is slow to import, and --help does not need it
    from rich.console import Console
    from rich.table import Table

    from clicktrail.server.api.schemas import Campaign, FilterResult, Link

VERDICTS = ("human", "suspected", "bot", "preview")
_PIPE_WIDTH = 200
"""Columns of a table in a file or pipe, which has no width of its own."""
_MIN_VERDICTS_WIDTH = 110
"""Columns of a terminal that has room for all four verdicts beside a campaign's name."""
_TEXT_COLUMNS = frozenset(
    {
        *("campaign", "destination", "signal", "scanner", "scanners", "rule", "source", "network"),
        *("domain", "served by", "status", "since", "next step", "check", "name", "type", "value"),
    }
)
_DELIVERED_BASIS_TEXTS = {
    "delivered": "confirmed by the recipients' servers",
    "accepted": "accepted by the next hop, minus bounces",
}


def print_campaigns(reports: Sequence["Campaign"], *, data: Path) -> None:
    """Print one row for each campaign of a data folder, and a second table where filters were asked for."""
    if not reports:
        print_line(f"No campaigns yet in {data}: nothing has been sent through its relay.")
        return
    console = create_terminal()
    verdicts = choose_verdict_columns(console)
    campaigns = create_table(
        "campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate"
    )
    for report in reports:
        numbers = *format_click_counts(report, verdicts), *format_click_rates(report)
        campaigns.add_row(report.campaign or "(none)", str(report.delivered), *numbers)
    console.print(campaigns)
    if filters := reports[0].filters:
        rates = create_table("campaign", "raw rate", *(result.filter for result in filters), "click rate")
        for report in reports:
            raw, human = f"{report.click_rate.raw:.1%}", f"{report.click_rate.human:.1%}"
            filtered = [_format_number(result.click_rate, ".1%") for result in report.filters or ()]
            rates.add_row(report.campaign or "(none)", raw, *filtered, human)
        console.print()
        console.print("Click rates by one rule alone:", rates)


def print_campaign(report: "Campaign") -> None:
    """Print one campaign: click rates, totals, links, and the signals on clicks that are not human."""
    console = create_terminal()
    rate = report.click_rate
    console.print(
        f"{report.campaign or '(none)'}: {rate.raw:.1%} raw click rate, {rate.human:.1%} without scanners", style="bold"
    )
    console.print(f"{report.delivered} messages delivered: {_DELIVERED_BASIS_TEXTS[report.delivered_basis]}.")
    totals = create_table("clicks", *VERDICTS, "clickers", "people")
    totals.add_row(*format_click_counts(report), *_format_clickers(report))
    console.print(totals)
    if (engaged := report.unique.engaged) is not None:
        console.print(f"Clickers who pressed, typed or scrolled on a landing page: {engaged}.")
    to_open = report.click_to_open
    if to_open.raw is not None and to_open.human is not None:
        console.print(
            f"Click-to-open rate: {to_open.raw:.1%} raw, {to_open.human:.1%} human. "
            f"Messages opened, also by mail programs' proxies: {report.opened}."
        )
    if report.filters:
        console.print(_build_filter_table(report, report.filters))
    verdicts = choose_verdict_columns(console)
    links = create_table("link", "destination", "clicks", *verdicts, "clickers", "people")
    for link in report.links:
        destination = f"{link.group}, such as {link.url}" if link.group else link.url
        links.add_row(str(link.position), destination, *format_click_counts(link, verdicts), *_format_clickers(link))
    console.print(links)
    if report.reasons:
        nonhuman_count = report.clicks.total - report.clicks.human
        clicks_by_signal = {reason.signal: reason.clicks for reason in report.reasons}
        console.print(f"Signals on clicks that are not human ({nonhuman_count}):")
        console.print(build_signal_table(clicks_by_signal, nonhuman_count))
    for gap in report.gaps:
        console.print(f"Note: {gap}.")


def _build_filter_table(report: "Campaign", filters: Sequence["FilterResult"]) -> "Table":
    table = create_table("rule", "clicks", "clickers", "click rate")
    clicks, unique, rate = report.clicks, report.unique, report.click_rate
    table.add_row("none (raw)", str(clicks.total), str(unique.raw), f"{rate.raw:.1%}")
    for result in filters:
        counts = _format_number(result.clicks), _format_number(result.unique)
        table.add_row(f"{result.filter} alone", *counts, _format_number(result.click_rate, ".1%"))
    table.add_row("clicktrail", str(clicks.human), str(unique.human), f"{rate.human:.1%}")
    return table


def create_terminal() -> "Console":
    """A console on standard output, as wide as the terminal. It prints data as it is: see `DataConsole`."""
    from clicktrail.cli.rich_console import DataConsole

    console = DataConsole()
    return console if console.is_terminal else DataConsole(width=_PIPE_WIDTH)


def create_table(*columns: str) -> "Table":
    """A table without lines; columns of numbers are aligned right, columns of text left."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        if column in _TEXT_COLUMNS:
            table.add_column(column, justify="left", overflow="fold")
        else:
            table.add_column(column, justify="right", overflow="ellipsis")
    return table


def build_signal_table(clicks_by_signal: Mapping[str, int], nonhuman_count: int) -> "Table":
    """Clicks with each signal, and their share of the clicks that are not human."""
    table = create_table("signal", "clicks", "share")
    for signal, count in clicks_by_signal.items():
        table.add_row(signal, str(count), f"{count / nonhuman_count:.1%}")
    return table


def choose_verdict_columns(console: "Console") -> Sequence[str]:
    """Verdicts that fit beside a name: all of them, or only ``human`` in a narrow terminal."""
    return VERDICTS if console.width >= _MIN_VERDICTS_WIDTH else VERDICTS[:1]


def format_click_counts(row: "Campaign | Link", verdicts: Sequence[str] = VERDICTS) -> list[str]:
    """Clicks in total and by verdict."""
    return [str(getattr(row.clicks, name)) for name in ("total", *verdicts)]


def format_click_rates(row: "Campaign") -> list[str]:
    """Clickers and click rates, raw and human."""
    return [*_format_clickers(row), f"{row.click_rate.raw:.1%}", f"{row.click_rate.human:.1%}"]


def _format_clickers(row: "Campaign | Link") -> list[str]:
    return [str(row.unique.raw), str(row.unique.human)]


def _format_number(number: float | None, format_spec: str = "") -> str:
    return "unknown" if number is None else format(number, format_spec)

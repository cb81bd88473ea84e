"""Reports as tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = [
    "VERDICTS",
    "build_signal_table",
    "choose_verdict_columns",
    "create_table",
    "create_terminal",
    "format_click_counts",
    "format_click_rates",
    "format_headline",
    "print_campaign",
    "print_campaigns",
]

_PIPE_WIDTH = 200
_MIN_VERDICTS_WIDTH = 110
_DELIVERED_BASIS_TEXTS = {
    "delivered": "as the recipients' servers told",
    "accepted": "taken by the next hop, less what bounced",
}
VERDICTS = ("human", "suspected", "bot", "preview")


def print_campaigns(reports: Sequence[Mapping[str, Any]], *, data: Path) -> None:
    """One row a campaign of a data folder."""
    console = create_terminal()
    verdicts = choose_verdict_columns(console)
    campaigns = create_table(
        "campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate"
    )
    for report in reports:
        numbers = *format_click_counts(report, verdicts), *format_click_rates(report)
        campaigns.add_row(report["campaign"] or "(none)", str(report["delivered"]), *numbers)
    console.print(campaigns if reports else f"No campaigns yet in {data}: nothing has been sent through its relay.")
    if filters := [of["filter"] for report in reports[:1] for of in report.get("filters", ())]:
        alone = create_table("campaign", "raw rate", *filters, "click rate")
        for report in reports:
            raw, human = (f"{report['click_rate'][name]:.1%}" for name in ("raw", "human"))
            left = [_format_number(of["click_rate"], ".1%") for of in report["filters"]]
            alone.add_row(report["campaign"] or "(none)", raw, *left, human)
        console.print("\nClick rates by one rule alone:", alone)


def print_campaign(report: Mapping[str, Any]) -> None:
    """One campaign: its totals, its links, and what spoke against its clicks."""
    console = create_terminal()
    console.print(f"[bold]{report['campaign'] or '(none)'}[/bold]: {format_headline(report)}")
    console.print(f"{report['delivered']} messages delivered: {_DELIVERED_BASIS_TEXTS[report['delivered_basis']]}.")
    totals = create_table("clicks", *VERDICTS, "clickers", "people")
    totals.add_row(*format_click_counts(report), *_format_clickers(report))
    console.print(totals)
    if (engaged := report["unique"]["engaged"]) is not None:
        console.print(f"Landing pages saw {engaged} of the clickers press, type or scroll.")
    if (to_open := report["click_to_open"])["raw"] is not None:
        opened = f"{report['opened']} messages whose opening was told, by mail programs' proxies too"
        console.print(f"Click-to-open: {to_open['raw']:.1%} raw, {to_open['human']:.1%} human, of {opened}.")
    if filters := report.get("filters"):
        console.print(_build_filter_table(report, filters))
    verdicts = choose_verdict_columns(console)
    links = create_table("link", "destination", "clicks", *verdicts, "clickers", "people")
    for link in report["links"]:
        destination = f"{link['group']}, such as {link['url']}" if link["group"] else link["url"]
        links.add_row(str(link["position"]), destination, *format_click_counts(link, verdicts), *_format_clickers(link))
    console.print(links)
    if report["reasons"]:
        unlike = report["clicks"]["total"] - report["clicks"]["human"]
        told = {reason["signal"]: reason["clicks"] for reason in report["reasons"]}
        console.print(
            f"Signals among the reasons of the {unlike} clicks that are not human:", build_signal_table(told, unlike)
        )
    for gap in report["gaps"]:
        console.print(f"Note: {gap}.")


def _build_filter_table(report: Mapping[str, Any], filters: Sequence[Mapping[str, Any]]) -> Table:
    """What is left by no rule, by each alone, and by all that clicktrail weighs."""
    alone = create_table("rule", "clicks", "clickers", "click rate")
    clicks, unique, rate = report["clicks"], report["unique"], report["click_rate"]
    alone.add_row("none (raw)", str(clicks["total"]), str(unique["raw"]), f"{rate['raw']:.1%}")
    for of in filters:
        numbers = _format_number(of["clicks"]), _format_number(of["unique"]), _format_number(of["click_rate"], ".1%")
        alone.add_row(f"{of['filter']} alone", *numbers)
    alone.add_row("clicktrail", str(clicks["human"]), str(unique["human"]), f"{rate['human']:.1%}")
    return alone


def _format_number(number: float | None, format_spec: str = "") -> str:
    return "unknown" if number is None else format(number, format_spec)


def create_terminal() -> Console:
    """A terminal has its own width; whatever a file or a pipe leads to can wrap long lines itself."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)


def format_headline(report: Mapping[str, Any]) -> str:
    """The headline: what the click rate would be, and what it is."""
    rate = report["click_rate"]
    return f"{rate['raw']:.1%} raw click rate, {rate['human']:.1%} once scanners are out"


def create_table(*columns: str) -> Table:
    """Columns of numbers, right-aligned; those of words are aligned to the left."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        left = column in {"campaign", "destination", "signal", "organisation", "networks", "rule"}
        made.add_column(column, justify="left" if left else "right", overflow="fold" if left else "ellipsis")
    return made


def build_signal_table(clicks: Mapping[str, int], nonhuman_count: int) -> Table:
    """Of how many clicks each signal speaks, in their order, of so many that are not human."""
    made = create_table("signal", "clicks", "share")
    for signal, count in clicks.items():
        made.add_row(signal, str(count), f"{count / nonhuman_count:.1%}")
    return made


def choose_verdict_columns(console: Console) -> Sequence[str]:
    """Those that have room beside a name: people's, where a terminal is no wider than it was in 1980."""
    return VERDICTS if console.width >= _MIN_VERDICTS_WIDTH else VERDICTS[:1]


def format_click_counts(row: Mapping[str, Any], verdicts: Sequence[str] = VERDICTS) -> list[str]:
    """Clicks in total and by verdict."""
    return [str(row["clicks"][name]) for name in ("total", *verdicts)]


def _format_clickers(row: Mapping[str, Any]) -> list[str]:
    return [str(row["unique"][name]) for name in ("raw", "human")]


def format_click_rates(row: Mapping[str, Any]) -> list[str]:
    """Clickers and click rates, raw and human."""
    return [*_format_clickers(row), *(f"{row['click_rate'][name]:.1%}" for name in ("raw", "human"))]

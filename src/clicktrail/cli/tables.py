"""Reports as tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = [
    "VERDICTS",
    "counts",
    "print_campaign",
    "print_campaigns",
    "rates",
    "sentence",
    "shown_verdicts",
    "signals",
    "table",
    "terminal",
]

_WIDE = 200
_ROOMY = 110
_BASES = {"delivered": "as the recipients' servers told", "accepted": "taken by the next hop, less what bounced"}
VERDICTS = ("human", "suspected", "bot", "preview")


def print_campaigns(reports: Sequence[Mapping[str, Any]], *, data: Path) -> None:
    """One row a campaign of a data folder."""
    console = terminal()
    verdicts = shown_verdicts(console)
    campaigns = table("campaign", "delivered", "clicks", *verdicts, "clickers", "people", "raw rate", "click rate")
    for report in reports:
        numbers = *counts(report, verdicts), *rates(report)
        campaigns.add_row(report["campaign"] or "(none)", str(report["delivered"]), *numbers)
    console.print(campaigns if reports else f"No campaigns yet in {data}: nothing has been sent through its relay.")
    if filters := [of["filter"] for report in reports[:1] for of in report.get("filters", ())]:
        alone = table("campaign", "raw rate", *filters, "click rate")
        for report in reports:
            raw, human = (f"{report['click_rate'][name]:.1%}" for name in ("raw", "human"))
            left = [_known(of["click_rate"], ".1%") for of in report["filters"]]
            alone.add_row(report["campaign"] or "(none)", raw, *left, human)
        console.print("\nClick rates by one rule alone:", alone)


def print_campaign(report: Mapping[str, Any]) -> None:
    """One campaign: its totals, its links, and what spoke against its clicks."""
    console = terminal()
    console.print(f"[bold]{report['campaign'] or '(none)'}[/bold]: {sentence(report)}")
    console.print(f"{report['delivered']} messages delivered: {_BASES[report['delivered_basis']]}.")
    totals = table("clicks", *VERDICTS, "clickers", "people")
    totals.add_row(*counts(report), *_unique(report))
    console.print(totals)
    if (engaged := report["unique"]["engaged"]) is not None:
        console.print(f"Landing pages saw {engaged} of the clickers press, type or scroll.")
    if (to_open := report["click_to_open"])["raw"] is not None:
        opened = f"{report['opened']} messages whose opening was told, by mail programs' proxies too"
        console.print(f"Click-to-open: {to_open['raw']:.1%} raw, {to_open['human']:.1%} human, of {opened}.")
    if filters := report.get("filters"):
        console.print(_filters(report, filters))
    verdicts = shown_verdicts(console)
    links = table("link", "destination", "clicks", *verdicts, "clickers", "people")
    for link in report["links"]:
        destination = f"{link['group']}, such as {link['url']}" if link["group"] else link["url"]
        links.add_row(str(link["position"]), destination, *counts(link, verdicts), *_unique(link))
    console.print(links)
    if report["reasons"]:
        unlike = report["clicks"]["total"] - report["clicks"]["human"]
        told = {reason["signal"]: reason["clicks"] for reason in report["reasons"]}
        console.print(f"Signals among the reasons of the {unlike} clicks that are not human:", signals(told, unlike))
    for gap in report["gaps"]:
        console.print(f"Note: {gap}.")


def _filters(report: Mapping[str, Any], filters: Sequence[Mapping[str, Any]]) -> Table:
    """What is left by no rule, by each alone, and by all that clicktrail weighs."""
    alone = table("rule", "clicks", "clickers", "click rate")
    clicks, unique, rate = report["clicks"], report["unique"], report["click_rate"]
    alone.add_row("none (raw)", str(clicks["total"]), str(unique["raw"]), f"{rate['raw']:.1%}")
    for of in filters:
        numbers = _known(of["clicks"]), _known(of["unique"]), _known(of["click_rate"], ".1%")
        alone.add_row(f"{of['filter']} alone", *numbers)
    alone.add_row("clicktrail", str(clicks["human"]), str(unique["human"]), f"{rate['human']:.1%}")
    return alone


def _known(number: float | None, form: str = "") -> str:
    return "unknown" if number is None else format(number, form)


def terminal() -> Console:
    """A terminal has its own width; whatever a file or a pipe leads to can wrap long lines itself."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def sentence(report: Mapping[str, Any]) -> str:
    """The headline: what the click rate would be, and what it is."""
    rate = report["click_rate"]
    return f"{rate['raw']:.1%} raw click rate, {rate['human']:.1%} once scanners are out"


def table(*columns: str) -> Table:
    """Columns of numbers, right-aligned; those of words are aligned to the left."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        left = column in {"campaign", "destination", "signal", "organisation", "networks", "rule"}
        made.add_column(column, justify="left" if left else "right", overflow="fold" if left else "ellipsis")
    return made


def signals(clicks: Mapping[str, int], unlike: int) -> Table:
    """Of how many clicks each signal speaks, in their order, of so many that are not human."""
    made = table("signal", "clicks", "share")
    for signal, count in clicks.items():
        made.add_row(signal, str(count), f"{count / unlike:.1%}")
    return made


def shown_verdicts(console: Console) -> Sequence[str]:
    """Those that have room beside a name: people's, where a terminal is no wider than it was in 1980."""
    return VERDICTS if console.width >= _ROOMY else VERDICTS[:1]


def counts(row: Mapping[str, Any], verdicts: Sequence[str] = VERDICTS) -> list[str]:
    """Clicks in total and by verdict."""
    return [str(row["clicks"][name]) for name in ("total", *verdicts)]


def _unique(row: Mapping[str, Any]) -> list[str]:
    return [str(row["unique"][name]) for name in ("raw", "human")]


def rates(row: Mapping[str, Any]) -> list[str]:
    """Clickers and click rates, raw and human."""
    return [*_unique(row), *(f"{row['click_rate'][name]:.1%}" for name in ("raw", "human"))]

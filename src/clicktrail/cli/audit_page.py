"""The result of an audit as one HTML page, to print or to send: no script, no other file, no recipient's address."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import resources
from pathlib import PurePath
from typing import Final

from clicktrail.audit.sentences import NO_CAMPAIGN
from clicktrail.audit.summary import AuditSummary
from clicktrail.cli.audit_text import (
    MAX_ROWS,
    UNKNOWN,
    add_up_other_links,
    describe_scanner_title,
    describe_total_name,
    format_other_scanners,
    format_points,
    format_range,
    format_rate,
    format_rate_range,
    shorten_domains,
)
from clicktrail.cli.html_elements import Html, element, join
from clicktrail.judge.rules import Rules
from clicktrail.report import ClickCounts
from clicktrail.report.audited import AuditedCampaign
from clicktrail.report.recipient_domains import RecipientDomain
from clicktrail.report.scanners import ScannerReport

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The page loads and runs nothing, even if markup gets into it."""
_POSSIBLE: Final = "possible"
"""Class of the part of a bar for people who are only possible."""
_MAX_FILES: Final = 3
"""Files that are named."""


def build_page(summary: AuditSummary, files: Sequence[str], rules: Rules) -> str:
    """Build the page.

    files: names of the files that were read.
    rules: the rules that the clicks were judged with, which describe the signals.
    """
    css = resources.files("clicktrail.cli").joinpath("data", "audit_page.css").read_text("utf-8")
    sections = (
        _build_header(summary, files),
        _build_comparison(summary.total.counts),
        _build_campaigns(summary),
        _build_scanners(summary),
        _build_domains(summary.domains),
        _build_links(summary),
        _build_next_steps(summary.next_steps),
        _build_notes(summary, rules),
    )
    head = join(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        element("title", "Click audit"),
        element("style", Html(css)),
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{element("main", *sections)}</body></html>\n'


def _build_header(summary: AuditSummary, files: Sequence[str]) -> Html:
    names = [PurePath(name).name for name in files[:_MAX_FILES]]
    if more := len(files) - len(names):
        names.append(f"{more} more")
    facts = ["Click audit", _describe_period(summary.first_click_at, summary.last_click_at), ", ".join(names)]
    return element(
        "header",
        element("p", *(element("span", fact) for fact in facts if fact), class_="facts"),
        element("h1", summary.headline),
    )


def _describe_period(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return ""
    end = f"{last.day} {last:%B %Y}"
    if first.date() == last.date():
        return f"clicks of {end}"
    is_same_month = (first.year, first.month) == (last.year, last.month)
    return f"clicks from {first.day}{'' if is_same_month else f' {first:%B %Y}'} to {end}"


def _build_comparison(counts: AuditedCampaign) -> Html:
    """Two bars: what the ESP counts, and people."""
    if not counts.clickers:
        return Html()
    people = counts.people
    at_most = counts.people_at_most
    programs = None if people is None else counts.clickers - people
    least_programs = None if at_most is None else counts.clickers - at_most
    if counts.has_rates:
        esp_label, people_label = format_rate(counts.raw_rate), format_rate_range(counts)
    else:
        esp_label, people_label = f"{counts.clickers:,}", format_range(people, at_most)
    return element(
        "section",
        element(
            "div",
            element("span", "Your ESP counts", class_="name"),
            _build_bar([("esp", 1.0)]),
            element("strong", esp_label),
            element("span", "People who clicked", class_="name human"),
            _build_bar(_split_people(counts, counts.clickers)),
            element("strong", _use_dash(people_label), class_="human"),
            class_="comparison",
        ),
        element(
            "dl",
            _build_fact("messages delivered", f"{counts.delivered:,}" if counts.delivered else UNKNOWN),
            _build_fact("clickers, as your ESP counts", f"{counts.clickers:,}"),
            _build_fact("of them people", format_range(people, at_most)),
            _build_fact("of them programs", format_range(least_programs, programs)),
            class_="figures",
        ),
    )


def _build_fact(name: str, value: str) -> Html:
    return element("div", element("dt", name), element("dd", _use_dash(value)))


def _use_dash(numbers: str) -> str:
    """Numbers with an en dash in ranges, which a terminal may not have."""
    return numbers.replace("-", "\N{EN DASH}")


def _split_people(counts: AuditedCampaign, whole: float) -> list[tuple[str, float]]:
    people, at_most = counts.people or 0, counts.people_at_most or 0
    return [("human", people / whole), (_POSSIBLE, (at_most - people) / whole)]


def _split_rates(row: AuditedCampaign | RecipientDomain) -> list[tuple[str, float]]:
    human, at_most = row.human_rate or 0, row.human_rate_at_most or 0
    return [("human", human), (_POSSIBLE, at_most - human), ("esp", (row.raw_rate or 0) - at_most)]


def _build_bar(parts: Iterable[tuple[str, float]]) -> Html:
    """A bar of parts, each with a class and a share of the width."""
    shapes = [element("rect", class_="track", width="100%", height="100%")]
    start = 0.0
    for name, share in parts:
        shapes.append(element("rect", class_=name, x=f"{100 * start:.2f}%", width=f"{100 * share:.2f}%", height="100%"))
        start += share
    return element("svg", *shapes, class_="bar", aria_hidden="true")


def _build_campaigns(summary: AuditSummary) -> Html:
    if not summary.campaigns:
        return Html()
    rows = [_build_campaign_row(row, row.campaign or NO_CAMPAIGN, summary) for row in summary.campaigns]
    if len(rows) > 1:
        rows.insert(0, _build_campaign_row(summary.total.counts, describe_total_name(summary), summary, class_="total"))
    return _build_section(
        "Campaigns",
        "The grey bar is what your ESP counts, the green part people, the lighter part those who may be.",
        _build_table(("campaign", "", "delivered", "clickers", "people", "ESP's rate", "click rate"), rows),
        element(
            "details",
            element("summary", "Clicks by verdict"),
            _build_table(
                ("campaign", "clicks", "human", "suspected", "bot", "preview"),
                [_build_verdict_row(row.campaign or NO_CAMPAIGN, row.clicks) for row in summary.campaigns],
            ),
        ),
    )


def _build_campaign_row(row: AuditedCampaign, name: str, summary: AuditSummary, class_: str = "") -> Html:
    widest = max((other.raw_rate or 0 for other in summary.campaigns), default=0)
    parts = _split_rates(row) if row.raw_rate is not None and widest else []
    cells = (
        ("delivered", f"{row.delivered:,}" if row.delivered else UNKNOWN),
        ("clickers", f"{row.clickers:,}"),
        ("people", format_range(row.people, row.people_at_most)),
        ("ESP's rate", format_rate(row.raw_rate)),
        ("click rate", format_rate_range(row)),
    )
    return _build_row(name, cells, bar=_build_bar((key, share / widest) for key, share in parts), class_=class_)


def _build_verdict_row(name: str, clicks: ClickCounts) -> Html:
    names = ("human", "suspected", "bot", "preview")
    return _build_row(
        name, (("clicks", f"{clicks.total:,}"), *((verdict, f"{getattr(clicks, verdict):,}") for verdict in names))
    )


def _build_scanners(summary: AuditSummary) -> Html:
    scanners = summary.scanners[:MAX_ROWS]
    if not scanners:
        return Html()
    most = max(row.clickers for row in scanners) or 1
    rows = [_build_scanner_row(row, row.clickers / most) for row in scanners]
    if rest := summary.scanners[MAX_ROWS:]:
        points, clicks = format_other_scanners(rest)
        cells = (("points", points), ("clicks", clicks), ("recipients", ""), ("companies", ""))
        rows.append(_build_row(f"{len(rest)} others", cells, bar=Html()))
    return _build_section(
        describe_scanner_title(summary),
        "Programs of the recipients' mail security follow links to check them. Each clicker counts for one of them.",
        _build_table(("scanner", "", "points", "clicks", "recipients", "companies"), rows),
    )


def _build_scanner_row(row: ScannerReport, share: float) -> Html:
    cells = (
        ("points", format_points(row.rate)),
        ("clicks", f"{row.clicks:,}"),
        ("recipients", f"{row.recipients:,}"),
        ("companies", f"{row.companies:,}"),
    )
    name = join(row.vendor, element("small", row.product))
    return _build_row(name, cells, bar=_build_bar([("esp", share)]))


def _build_domains(domains: Sequence[RecipientDomain]) -> Html:
    if not domains:
        return Html()
    return _build_section(
        "Recipients' domains",
        "Messages by the domain of their recipient, and whose scanners clicked in them.",
        _build_table(
            ("domain", "", "delivered", "clicked", "by people", "ESP's rate", "click rate"),
            [_build_domain_row(row) for row in shorten_domains(domains)],
        ),
    )


def _build_domain_row(row: RecipientDomain) -> Html:
    parts = _split_rates(row) if row.raw_rate is not None and row.people is not None else []
    cells = (
        ("delivered", f"{row.delivered:,}" if row.delivered else UNKNOWN),
        ("clicked", f"{row.clicked:,}"),
        ("by people", format_range(row.people, row.people_at_most)),
        ("ESP's rate", format_rate(row.raw_rate)),
        ("click rate", format_rate(row.human_rate)),
    )
    scanners = ", ".join(name for name, _ in row.bot_names.most_common(2))
    name = join(row.domain, element("small", scanners) if scanners else "")
    return _build_row(name, cells, bar=_build_bar(parts))


def _build_links(summary: AuditSummary) -> Html:
    links = summary.links
    other = add_up_other_links(links)
    rows = [_build_link_row(row.name.address, row.clicks) for row in links.links[:MAX_ROWS]]
    if other:
        rows.append(_build_link_row("others", other))
    headings = ("link", "", "clicks", "human", "share")
    return join(
        _build_section(
            "Links", "Clicks on each link, without what differs for each recipient.", _build_table(headings, rows)
        )
        if rows
        else "",
        _build_section(
            "Links to unsubscribe",
            "A program that follows such a link may unsubscribe the recipient.",
            _build_table(
                headings, [_build_link_row(row.name.address, row.clicks) for row in links.unsubscribe[:MAX_ROWS]]
            ),
        )
        if links.unsubscribe
        else "",
    )


def _build_link_row(name: str, clicks: ClickCounts) -> Html:
    share = clicks.human / clicks.total
    cells = (("clicks", f"{clicks.total:,}"), ("human", f"{clicks.human:,}"), ("share", format_rate(share)))
    return _build_row(name, cells, bar=_build_bar([("human", share), ("esp", 1 - share)]))


def _build_next_steps(steps: Sequence[str]) -> Html:
    if not steps:
        return Html()
    return _build_section("What to do next", "", element("ol", *(element("li", step) for step in steps)))


def _build_notes(summary: AuditSummary, rules: Rules) -> Html:
    descriptions = {rule.name: rule.description for rule in rules.rules}
    signals = [
        element("li", element("b", f"{signal}: {clicks:,}"), f" {descriptions.get(signal, '')}")
        for signal, clicks in summary.signals.items()
    ]
    return _build_section(
        "How this was counted",
        "",
        element("ul", *(element("li", f"{note[:1].upper()}{note[1:]}.") for note in summary.notes))
        if summary.notes
        else "",
        element(
            "p",
            "A clicker is a recipient with at least one click, a person one with a human click. Rates are clickers and"
            " people divided by delivered messages. The second number of a range includes clicks that only their"
            " network makes suspicious: the lighter part of a green bar. Nothing about a click was sent anywhere,"
            " and this page names no recipient.",
        ),
        element(
            "details",
            element("summary", "Signals on clicks that are not human"),
            element("ul", *signals),
        )
        if signals
        else "",
        element("p", "Made by clicktrail, which counts every human click once.", class_="made-by"),
    )


def _build_section(title: str, lead: str, *children: str) -> Html:
    return element("section", element("h2", title), element("p", lead, class_="lead") if lead else "", *children)


def _build_table(headings: Sequence[str], rows: Iterable[Html]) -> Html:
    cells = [element("th", heading, scope="col") if heading else element("td") for heading in headings]
    return element("table", element("thead", element("tr", *cells)), element("tbody", *rows))


def _build_row(name: str, cells: Iterable[tuple[str, str]], *, bar: Html | None = None, class_: str = "") -> Html:
    return element(
        "tr",
        element("th", name, scope="row"),
        "" if bar is None else element("td", bar, class_="chart"),
        *(element("td", _use_dash(text), data_label=label) for label, text in cells),
        class_=class_,
    )

"""The charts of the documentation: their figures, their plots and the page agree."""

import re

import pytest

from bench.charts.chart import FOLDER, PAGE, Chart, format_chart, load_charts, update_page

CHARTS = load_charts()
CHART = Chart(
    name="cost",
    title="Cost of a click",
    kind="lines",
    x_label="clicks stored",
    y_label="processor time per click, µs",
    categories=[1e4, 5e7],
    series={"new": [1.25, 1_500.0], "stored": [None, 3.0]},
    command="./dev bench growth",
    measured_on="2026-12-01",
    machine="2 cores, Python 3.11.7",
)


def test_page_shows_every_chart_with_its_figures() -> None:
    page = PAGE.read_text("utf-8")
    assert sorted(re.findall(r"<!-- chart ([\w-]+) -->", page)) == sorted(CHARTS)
    assert update_page(page, CHARTS) == page


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_chart_was_measured_by_a_command(chart: Chart) -> None:
    assert re.fullmatch(r"\./dev bench (growth|peers)( .+)?", chart.command)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", chart.measured_on)
    assert {len(figures) for figures in chart.series.values()} == {len(chart.categories)}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_plot_shows_the_figures_with_titles_of_axes(chart: Chart) -> None:
    plot = (FOLDER / f"{chart.name}.svg").read_text("utf-8")
    assert chart.digest in plot
    labels = {chart.y_label, *chart.series} | ({chart.x_label} if chart.kind == "lines" else set(chart.categories))
    assert {label for label in labels if f">{label}</text>" not in plot} == set()


def test_every_plot_has_figures() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(CHARTS)


def test_chart_becomes_a_table() -> None:
    assert format_chart(CHART).splitlines() == [
        "![Cost of a click](../images/growth/cost.svg)",
        "",
        "Cost of a click; processor time per click, µs. `./dev bench growth`, 2026-12-01, 2 cores, Python 3.11.7.",
        "",
        "| clicks stored | new | stored |",
        "| --- | --- | --- |",
        "| 10,000 | 1.25 |  |",
        "| 50,000,000 | 1,500 | 3 |",
    ]


def test_only_the_charts_of_a_page_are_replaced() -> None:
    page = "Before.\n\n<!-- chart cost -->\nstale\n<!-- end of the chart -->\n\nAfter.\n"
    updated = update_page(page, {"cost": CHART})
    assert updated.startswith("Before.\n\n<!-- chart cost -->\n\n![Cost of a click]")
    assert updated.endswith("| 50,000,000 | 1,500 | 3 |\n\n<!-- end of the chart -->\n\nAfter.\n")
    assert update_page(updated, {"cost": CHART}) == updated

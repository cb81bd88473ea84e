"""Charts of the documentation: figures of a bench as JSON, and the command that measured them."""

import hashlib
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from clicktrail.server.system import SystemClock

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "growth"
"""Each chart is a file of figures, NAME.json, and a plot, NAME.svg."""

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "growth.md"
"""The page with the charts. Each is between the lines ``<!-- chart NAME -->`` and ``<!-- end of the chart -->``."""

_SIGNIFICANT_DIGITS: Final = 3
_BLOCK: Final = re.compile(r"(<!-- chart ([\w-]+) -->\n).*?(<!-- end of the chart -->\n)", re.DOTALL)


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Series of one quantity over the same categories.

    Attributes:
        name: name of the files.
        title: what the chart shows.
        kind: lines over sizes on logarithmic axes, or stacked bars.
        x_label: what the categories are, with a unit.
        y_label: what the figures are, with a unit.
        categories: sizes, or names of bars.
        series: figures by name of the series; None where nothing was measured.
        command: command that measured them.
        measured_on: date of the measurement.
        machine: processor cores and version of Python.
    """

    name: str
    title: str
    kind: Literal["lines", "bars"]
    x_label: str
    y_label: str
    categories: list[float | str]
    series: dict[str, list[float | None]]
    command: str = ""
    measured_on: str = ""
    machine: str = ""

    @property
    def digest(self) -> str:
        """Hash of the figures, which the plot contains too."""
        return hashlib.sha256(msgspec.json.encode([self.categories, self.series])).hexdigest()


def save_chart(chart: Chart, *, command: str) -> Chart:
    """Save figures that a command has just measured, and return them rounded, with their origin."""
    saved = msgspec.structs.replace(
        chart,
        series={name: [_round(figure) for figure in figures] for name, figures in chart.series.items()},
        command=command,
        measured_on=SystemClock().now().date().isoformat(),
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}",
    )
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{chart.name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(saved)) + b"\n")
    return saved


def load_charts() -> Mapping[str, Chart]:
    """The charts of the documentation, by name."""
    charts = [msgspec.json.decode(path.read_bytes(), type=Chart) for path in sorted(FOLDER.glob("*.json"))]
    return {chart.name: chart for chart in charts}


def update_page(page: str, charts: Mapping[str, Chart]) -> str:
    """Replace the charts of a Markdown page."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{format_chart(charts[block[2]])}\n\n{block[3]}", page)


def format_chart(chart: Chart) -> str:
    """Format a chart in Markdown: the plot, its figures as a table, and their origin."""
    header = [chart.x_label, *chart.series]
    rows = [
        [category if isinstance(category, str) else _format_figure(category), *map(_format_figure, figures)]
        for category, *figures in zip(chart.categories, *chart.series.values(), strict=True)
    ]
    return "\n".join(
        [
            f"![{chart.title}](../images/growth/{chart.name}.svg)\n",
            f"{chart.title}; {chart.y_label}. `{chart.command}`, {chart.measured_on}, {chart.machine}.\n",
            *(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows]),
        ]
    )


def _round(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.{_SIGNIFICANT_DIGITS}g}")


def _format_figure(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.10g}"

"""Plot charts as SVG that is readable on light and dark pages: no background, and colours of medium brightness."""

import math
from io import StringIO
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from bench.charts.chart import FOLDER, Chart

_GREY: Final = "#767676"
_COLOURS: Final = ("#2f81c7", "#c2661a", "#2c9a5b", "#a35fc4", "#8a8a2b", "#c4526a")
"""Each has a contrast of at least 3 with white and with #0d1117 (WCAG 2.2, success criterion 1.4.11)."""
_MARKERS: Final = ("o", "s", "^", "D", "v", "P")
_SIZE_INCHES: Final = (7.2, 3.8)
_MILLION: Final = 1e6
_MIN_RATIO: Final = 20
"""Ratio of the ends of a logarithmic axis of figures."""
_DECIMAL_STEPS: Final = (1, 2, 5)
_STYLE: Final[dict[Any, Any]] = {
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.alpha": 0.3,
    "grid.color": _GREY,
    "font.size": 10.5,
    "legend.frameon": False,
    "legend.labelcolor": _GREY,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "clicktrail",  # the same figures give the same file
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}


def save_plot(chart: Chart) -> None:
    """Plot a chart into the documentation's folder."""
    output = StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        plot = _plot_lines if chart.kind == "lines" else _plot_bars
        plot(axes, chart)
        figure.legend(loc="outside upper left", ncols=3)
        figure.savefig(
            output,
            format="svg",
            transparent=True,
            metadata={"Creator": None, "Date": None, "Description": chart.digest},
        )
    lines = [line.rstrip() for line in output.getvalue().splitlines()]
    (FOLDER / f"{chart.name}.svg").write_text("\n".join(lines) + "\n", "utf-8")


def _plot_lines(axes: Axes, chart: Chart) -> None:
    for (name, figures), colour, marker in zip(chart.series.items(), _COLOURS, _MARKERS, strict=False):
        points = [(size, figure) for size, figure in zip(chart.categories, figures, strict=True) if figure is not None]
        axes.plot(*zip(*points, strict=True), label=name, color=colour, marker=marker)
    axes.set(xscale="log", yscale="log", xlabel=chart.x_label, ylabel=chart.y_label)
    axes.set_xticks([float(size) for size in chart.categories], [_format_tick(float(x)) for x in chart.categories])
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_ylim()
    if (margin := math.sqrt(_MIN_RATIO * low / high)) > 1:  # a small range would exaggerate the noise of the machine
        low, high = axes.set_ylim(low / margin, high * margin)
    ticks = [step * 10.0**power for power in range(-3, 9) for step in _DECIMAL_STEPS]
    visible = [tick for tick in ticks if low <= tick <= high]
    if len(visible) > 3 * len(_DECIMAL_STEPS):
        visible = visible[:: len(_DECIMAL_STEPS)]
    axes.set_yticks(visible)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda figure, _position: _format_tick(figure)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True)


def _plot_bars(axes: Axes, chart: Chart) -> None:
    names = [str(name) for name in chart.categories]
    left = [0.0] * len(names)
    for (name, figures), colour in zip(chart.series.items(), _COLOURS, strict=False):
        widths = [figure or 0.0 for figure in figures]
        axes.barh(names, widths, left=left, label=name, color=colour)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for position, total in enumerate(left):
        axes.annotate(f"{total:,.4g}", (total, position), (4, 0), textcoords="offset points", va="center", color=_GREY)
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.set_xlabel(chart.y_label)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda figure, _position: _format_tick(figure)))
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="x")


def _format_tick(value: float) -> str:
    return f"{value / _MILLION:g} million" if value >= _MILLION else f"{value:,.10g}"

"""Put the charts that a bench has measured into the documentation."""

from collections.abc import Iterable

from bench.charts.chart import PAGE, Chart, format_chart, load_charts, save_chart, update_page
from bench.charts.plot import save_plot


def publish(charts: Iterable[Chart], *, command: str) -> None:
    """Save figures and plots, print the figures, and update the page."""
    for chart in charts:
        saved = save_chart(chart, command=command)
        save_plot(saved)
        print(f"\n{format_chart(saved)}", flush=True)
    PAGE.write_text(update_page(PAGE.read_text("utf-8"), load_charts()), "utf-8")

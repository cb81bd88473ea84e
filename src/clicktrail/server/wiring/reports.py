"""Choose where a command reads reports: a running engine, else the data folder."""

import contextlib
from collections.abc import Iterator

from clicktrail.server.api.service import ReportService
from clicktrail.server.engine_client import EngineClient, read_service_url
from clicktrail.server.settings import Settings


@contextlib.contextmanager
def open_reports(settings: Settings) -> Iterator[ReportService]:
    """Open the reports of the running engine, or of the data folder if no engine answers.

    Without an engine, this process reads the journal, and logs what is wrong with it to standard error.
    """
    if console_url := read_service_url(settings.run_file_path, "console"):
        with EngineClient(console_url) as client:
            if client.is_running():
                yield client
                return
    from clicktrail.server.log import configure_logging
    from clicktrail.server.wiring.offline import OfflineReports

    configure_logging(settings.log.level)
    with OfflineReports(settings) as offline_reports:
        yield offline_reports

from collections.abc import Sequence

import structlog

from clicktrail.report import CampaignReport
from tests.consoles import Client, UnreadableAnalytics, console_of
from tests.server.memory_analytics import MemoryAnalytics


class FaultyAnalytics(MemoryAnalytics):
    """Analytics with a bug."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail in a way that nobody foresaw."""
        raise ZeroDivisionError


async def test_bug_is_logged_and_not_shown() -> None:
    """Whoever asked hears only that it failed; the log has the rest."""
    with structlog.testing.capture_logs() as log:
        async with console_of(FaultyAnalytics()) as client:
            answer = await client.get("/")
    assert (500, False) == (answer.status_code, "ZeroDivision" in answer.text)
    assert [("/", ZeroDivisionError)] == [(entry["path"], type(entry["exc_info"])) for entry in log]


async def test_trouble_with_storage_is_logged_without_its_cause() -> None:
    """What chDB says may quote a person's address; the log is given the error itself, which has words of its own."""
    with structlog.testing.capture_logs() as log:
        async with console_of(UnreadableAnalytics()) as client:
            await client.get("/")
    assert [("analytics cannot be read", "error", "/", "cannot read")] == [
        (entry["event"], entry["log_level"], entry["path"], str(entry["error"])) for entry in log
    ]


async def test_style_is_served(client: Client) -> None:
    """The pages' style comes from the console itself."""
    answer = await client.get("/static/console.css")
    assert (200, "text/css; charset=utf-8") == (answer.status_code, answer.headers["content-type"])

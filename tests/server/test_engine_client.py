import asyncio
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.server.api import schemas
from clicktrail.server.engine_client import EngineClient, read_service_url
from clicktrail.server.pipeline.queries import load_reports
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from tests.support.console import UnreadableAnalytics, rejudge_nothing, serve_console
from tests.support.judged_lines import SENT_AT, click, delivered, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics

_Result = TypeVar("_Result")


async def call(console_url: str, use: Callable[[EngineClient], _Result]) -> _Result:
    """Use a client in another thread."""

    def run() -> _Result:
        with EngineClient(console_url) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def spring() -> MemoryAnalytics:
    """Analytics with one campaign of one click."""
    analytics = MemoryAnalytics()
    await analytics.store(
        [], [make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "c")),))]
    )
    return analytics


@pytest.mark.parametrize(
    ("text", "console_url"),
    [
        (json.dumps({"pid": 1, "console": "http://127.0.0.1:8081"}), "http://127.0.0.1:8081"),
        (json.dumps({"pid": 1, "edge": "http://127.0.0.1:8080"}), None),
        ("{", None),
        (None, None),
    ],
)
def test_run_file_names_the_console(tmp_path: Path, text: str | None, console_url: str | None) -> None:
    file = tmp_path / "run.json"
    if text is not None:
        file.write_text(text, "utf-8")

    assert read_service_url(file, "console") == console_url


async def test_campaigns() -> None:
    analytics = await spring()
    filters = [ClickFilter.TIME, ClickFilter.ENGAGED]
    async with serve_console(analytics) as console_url:
        campaigns = await call(console_url, lambda client: client.campaigns(None))
        campaign = await call(console_url, lambda client: client.campaigns("spring", filters))
        unknown = await call(console_url, lambda client: client.campaigns("autumn"))

    assert campaigns == schemas.Campaigns.from_reports(await load_reports(analytics, None)).campaigns
    assert campaign == schemas.Campaigns.from_reports(await load_reports(analytics, "spring", filters)).campaigns
    assert unknown == []


async def test_history() -> None:
    analytics, human = await spring(), make_judged_click(click("m1", "c"))
    bot = dataclasses.replace(human, verdict=Verdict.BOT)
    await analytics.store(
        [], [dataclasses.replace(make_judged_message(clicks=(bot,)), previous_verdicts={"m1-c": Verdict.HUMAN})]
    )
    async with serve_console(analytics) as console_url:
        every_click = await call(console_url, lambda client: client.history("spring", click_id=None, limit=9))
        other_click = await call(console_url, lambda client: client.history("spring", click_id="m1-d", limit=9))
        unknown_campaign = await call(console_url, lambda client: client.history("autumn", click_id=None, limit=9))
    changes = await analytics.history("spring", limit=1)

    assert changes
    assert every_click == schemas.VerdictHistory.from_changes("spring", changes)
    assert other_click == schemas.VerdictHistory(campaign="spring", changes=[])
    assert unknown_campaign is None


async def test_rejudge_and_labels() -> None:
    request = RejudgeRequest(campaign="spring", since=SENT_AT, apply=True)
    async with serve_console(await spring()) as console_url:
        rejudged = await call(console_url, lambda client: client.rejudge(request))
        await call(console_url, lambda client: client.store_labels({"m1-c": Verdict.HUMAN}))
        label_report = await call(console_url, lambda client: client.confusion_matrix())

    assert rejudged == schemas.RejudgedCampaigns.from_results(await rejudge_nothing(request)).campaigns
    assert (label_report.labels, label_report.truths[0].precision) == (1, 1.0)


async def test_stopped_engine_is_not_running() -> None:
    async with serve_console(MemoryAnalytics()) as console_url:
        assert await call(console_url, EngineClient.is_running)

    assert not await call(console_url, EngineClient.is_running)
    with pytest.raises(StorageError, match="does not answer"):
        await call(console_url, lambda client: client.campaigns(None))


async def test_error_response_raises() -> None:
    async with serve_console(UnreadableAnalytics()) as console_url:
        with pytest.raises(StorageError, match="503"):
            await call(console_url, lambda client: client.campaigns(None))


async def test_engine_without_the_route_raises() -> None:
    uses: list[Callable[[EngineClient], object]] = [
        lambda client: client.store_labels({"c": Verdict.BOT}),
        lambda client: client.segment_page(since=SENT_AT, campaign=None, after=""),
        lambda client: client.confusion_matrix(),
        lambda client: client.rejudge(RejudgeRequest()),
    ]
    async with serve_console(MemoryAnalytics()) as console_url:
        for use in uses:
            with pytest.raises(StorageError, match="404"):
                await call(f"{console_url}/nowhere", use)


async def test_response_of_another_version_raises() -> None:
    async with serve_console(MemoryAnalytics()) as console_url:
        with pytest.raises(StorageError, match="cannot read the engine's response"):
            await call(f"{console_url}/healthz?path=", lambda client: client.confusion_matrix())

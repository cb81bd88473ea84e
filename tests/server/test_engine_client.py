import asyncio
import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

from clicktrail.errors import StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import report_as_json
from clicktrail.server.engine_client import (
    fetch_confusion,
    fetch_history,
    fetch_reports,
    fetch_segment_page,
    read_console_url,
    request_rejudge,
    upload_labels,
)
from clicktrail.server.pipeline.queries import history_response
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from tests.support.console import UnreadableAnalytics, serve_console
from tests.support.judged_lines import SENT_AT, click, delivered, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics


async def spring() -> MemoryAnalytics:
    """Analytics with one campaign of one click."""
    analytics = MemoryAnalytics()
    await analytics.store(
        [], [make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "c")),))]
    )
    return analytics


@pytest.mark.parametrize(
    ("text", "console"),
    [
        (json.dumps({"pid": 1, "console": "http://127.0.0.1:8081"}), "http://127.0.0.1:8081"),
        (json.dumps({"pid": 1, "edge": "http://127.0.0.1:8080"}), None),
        ("{", None),
        (None, None),
    ],
)
def test_a_running_engine_is_found_by_its_file(tmp_path: Path, text: str | None, console: str | None) -> None:
    file = tmp_path / "run.json"
    if text is not None:
        file.write_text(text, "utf-8")

    assert console == read_console_url(file)


async def test_the_engine_answers_what_the_report_says() -> None:
    analytics = await spring()
    async with serve_console(analytics) as console:
        everything = await asyncio.to_thread(fetch_reports, console, None)
        one = await asyncio.to_thread(fetch_reports, console, "spring")
        none = await asyncio.to_thread(fetch_reports, console, "autumn")
    report = await analytics.campaign("spring")

    assert report
    assert [report_as_json(report)] == one
    assert [{**report_as_json(report), "links": [], "reasons": []}] == everything
    assert [] == none


async def test_nobody_there_is_not_an_error() -> None:
    async with serve_console(MemoryAnalytics()) as console:
        pass

    assert await asyncio.to_thread(fetch_reports, console, None) is None


async def test_an_engine_in_trouble_is_an_error() -> None:
    async with serve_console(UnreadableAnalytics()) as console:
        with pytest.raises(StorageError, match="503"):
            await asyncio.to_thread(fetch_reports, console, None)


async def test_a_running_engine_judges_again() -> None:
    wanted = RejudgeRequest(campaign="spring", since=SENT_AT, apply=True)
    async with serve_console(MemoryAnalytics()) as console:
        (told,) = await asyncio.to_thread(request_rejudge, console, wanted) or []
    assert wanted == msgspec.convert(told, RejudgeRequest)


async def test_nobody_judges_again_where_no_engine_answers() -> None:
    async with serve_console(MemoryAnalytics()) as console:
        pass
    assert request_rejudge(console, RejudgeRequest()) is None


async def test_the_engine_tells_how_verdicts_changed() -> None:
    analytics, human = await spring(), make_judged_click(click("m1", "c"))
    bot = dataclasses.replace(human, verdict=Verdict.BOT)
    await analytics.store(
        [], [dataclasses.replace(make_judged_message(clicks=(bot,)), previous_verdicts={"m1-c": Verdict.HUMAN})]
    )
    async with serve_console(analytics) as console:
        everything, other, none = [
            await asyncio.to_thread(fetch_history, console, campaign, click=of, limit=9)
            for campaign, of in (("spring", None), ("spring", "m1-d"), ("autumn", None))
        ]
    assert await history_response(analytics, "spring", click="m1-c", limit=1) == everything
    assert ({"campaign": "spring", "changes": []}, {}) == (other, none)
    assert await asyncio.to_thread(fetch_history, console, "spring", click=None, limit=9) is None


async def test_an_engine_without_such_an_address_is_an_error() -> None:
    async with serve_console(MemoryAnalytics()) as console:
        for ask in (
            lambda: upload_labels(f"{console}/nowhere", {"c": "bot"}),
            lambda: fetch_segment_page(f"{console}/nowhere", since=SENT_AT, campaign=None),
            lambda: fetch_confusion(f"{console}/nowhere"),
            lambda: request_rejudge(f"{console}/nowhere", RejudgeRequest()),
        ):
            with pytest.raises(StorageError, match="404"):
                await asyncio.to_thread(ask)

import asyncio
import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

from clicktrail.errors import StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import as_json
from clicktrail.server.engine_client import (
    ask_confusion,
    ask_engine,
    ask_history,
    ask_segment,
    have_rejudged,
    keep_labels,
    running_console,
)
from clicktrail.server.pipeline.queries import described_history
from clicktrail.server.pipeline.rejudge import Wanted
from tests.support.console import UnreadableAnalytics, served
from tests.support.judged_lines import SENT_AT, click, delivered, judged, sent, verdict
from tests.support.memory_analytics import MemoryAnalytics


async def spring() -> MemoryAnalytics:
    """Analytics with one campaign of one click."""
    analytics = MemoryAnalytics()
    await analytics.store([], [judged(sent("m1"), delivered("m1"), clicks=(verdict(click("m1", "c")),))])
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

    assert console == running_console(file)


async def test_the_engine_answers_what_the_report_says() -> None:
    analytics = await spring()
    async with served(analytics) as console:
        everything = await asyncio.to_thread(ask_engine, console, None)
        one = await asyncio.to_thread(ask_engine, console, "spring")
        none = await asyncio.to_thread(ask_engine, console, "autumn")
    report = await analytics.campaign("spring")

    assert report
    assert [as_json(report)] == one
    assert [{**as_json(report), "links": [], "reasons": []}] == everything
    assert [] == none


async def test_nobody_there_is_not_an_error() -> None:
    async with served(MemoryAnalytics()) as console:
        pass

    assert await asyncio.to_thread(ask_engine, console, None) is None


async def test_an_engine_in_trouble_is_an_error() -> None:
    async with served(UnreadableAnalytics()) as console:
        with pytest.raises(StorageError, match="503"):
            await asyncio.to_thread(ask_engine, console, None)


async def test_a_running_engine_judges_again() -> None:
    wanted = Wanted(campaign="spring", since=SENT_AT, apply=True)
    async with served(MemoryAnalytics()) as console:
        (told,) = await asyncio.to_thread(have_rejudged, console, wanted) or []
    assert wanted == msgspec.convert(told, Wanted)


async def test_nobody_judges_again_where_no_engine_answers() -> None:
    async with served(MemoryAnalytics()) as console:
        pass
    assert have_rejudged(console, Wanted()) is None


async def test_the_engine_tells_how_verdicts_changed() -> None:
    analytics, human = await spring(), verdict(click("m1", "c"))
    bot = dataclasses.replace(human, verdict=Verdict.BOT)
    await analytics.store([], [dataclasses.replace(judged(clicks=(bot,)), before={"m1-c": Verdict.HUMAN})])
    async with served(analytics) as console:
        everything, other, none = [
            await asyncio.to_thread(ask_history, console, campaign, click=of, limit=9)
            for campaign, of in (("spring", None), ("spring", "m1-d"), ("autumn", None))
        ]
    assert await described_history(analytics, "spring", click="m1-c", limit=1) == everything
    assert ({"campaign": "spring", "changes": []}, {}) == (other, none)
    assert await asyncio.to_thread(ask_history, console, "spring", click=None, limit=9) is None


async def test_an_engine_without_such_an_address_is_an_error() -> None:
    async with served(MemoryAnalytics()) as console:
        for ask in (
            lambda: keep_labels(f"{console}/nowhere", {"c": "bot"}),
            lambda: ask_segment(f"{console}/nowhere", since=SENT_AT, campaign=None),
            lambda: ask_confusion(f"{console}/nowhere"),
            lambda: have_rejudged(f"{console}/nowhere", Wanted()),
        ):
            with pytest.raises(StorageError, match="404"):
                await asyncio.to_thread(ask)

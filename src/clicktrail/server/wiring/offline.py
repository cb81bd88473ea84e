"""Ask the data folder where no engine runs: what the journal still holds is processed first."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clicktrail import keyring_file
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.report.accuracy import ConfusionMatrix, confusion_matrix_as_json
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.pipeline.queries import (
    clicker_as_json,
    history_response,
    iterate_clicker_pages,
    reports_response,
)
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.processing import (
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_and_clear_cache,
)

__all__ = ["read_confusion", "read_history", "read_reports", "read_segment", "rejudge_campaigns", "store_labels"]

SegmentCallback = Callable[[Sequence[dict[str, object]]], None]
"""Told of some people."""


def read_reports(settings: Settings, campaign: str | None, filters: Sequence[ClickFilter] = ()) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and read one campaign, or all.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_reports(settings, campaign, filters))


def read_history(settings: Settings, campaign: str, *, click: str | None, limit: int) -> dict[str, Any]:
    """Where no engine runs: process what the journal still holds, and read how a campaign's verdicts changed.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_history(settings, campaign, click=click, limit=limit))


def read_segment(settings: Settings, *, since: datetime, campaign: str | None, on_page: SegmentCallback) -> None:
    """Where no engine runs: process what the journal still holds, and tell of people with a human click, by pages.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    asyncio.run(_read_segment(settings, since=since, campaign=campaign, on_page=on_page))


def store_labels(settings: Settings, labels: Mapping[str, Verdict]) -> None:
    """Where no engine runs: keep what really made some clicks.

    Raises:
        KeyRingError: nothing was ever started here.
        StorageError: an engine does run, or the data folder cannot be written.
    """
    keyring_file.load(settings.keyring_path)
    asyncio.run(_store_labels(settings, labels))


def read_confusion(settings: Settings) -> dict[str, object]:
    """Where no engine runs: process what the journal still holds, and hold verdicts against all labels.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_confusion(settings))


def rejudge_campaigns(settings: Settings, request: RejudgeRequest) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and judge again what is stored.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_rejudge_campaigns(settings, request))


async def _read_reports(
    settings: Settings, campaign: str | None, filters: Sequence[ClickFilter]
) -> list[dict[str, Any]]:
    if _has_no_data(settings):
        return []
    async with _open_caught_up_analytics(settings) as analytics:
        return await reports_response(analytics, campaign, filters)


async def _read_history(settings: Settings, campaign: str, *, click: str | None, limit: int) -> dict[str, Any]:
    if _has_no_data(settings):
        return {}
    async with _open_caught_up_analytics(settings) as analytics:
        history = await history_response(analytics, campaign, click=click, limit=limit)
        return history if history["changes"] or await analytics.cached_campaign(campaign) else {}


async def _read_segment(settings: Settings, *, since: datetime, campaign: str | None, on_page: SegmentCallback) -> None:
    if _has_no_data(settings):
        return
    async with _open_caught_up_analytics(settings) as analytics:
        async for page in iterate_clicker_pages(analytics, since=since, campaign=campaign):
            on_page([clicker_as_json(clicker) for clicker in page])


async def _store_labels(settings: Settings, labels: Mapping[str, Verdict]) -> None:
    async with open_analytics(settings) as analytics:
        await analytics.store_labels(labels)


async def _read_confusion(settings: Settings) -> dict[str, object]:
    if _has_no_data(settings):
        return confusion_matrix_as_json(ConfusionMatrix(counts={}))
    async with _open_caught_up_analytics(settings) as analytics:
        return confusion_matrix_as_json(await analytics.confusion_matrix())


async def _rejudge_campaigns(settings: Settings, request: RejudgeRequest) -> list[dict[str, Any]]:
    if _has_no_data(settings):
        return []
    async with open_analytics(settings) as analytics:
        judge = build_judge(settings)
        processor = build_processor(settings, build_reader(settings), analytics, judge)
        await catch_up(processor)
        return await rejudge_and_clear_cache(processor, analytics, judge, contextlib.nullcontext(), request)


def _has_no_data(settings: Settings) -> bool:
    """Nothing was ever recorded, and a look must leave no trace that a first start would take for more."""
    return not settings.journal_path.exists() and not settings.analytics_path.exists()


@contextlib.asynccontextmanager
async def _open_caught_up_analytics(settings: Settings) -> AsyncIterator[ChdbAnalytics]:
    """Analytics with all that the journal holds, until the context ends."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        yield analytics

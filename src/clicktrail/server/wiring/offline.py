"""Ask the data folder where no engine runs: what the journal still holds is processed first."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clicktrail import keyring_file
from clicktrail.model.verdict import Verdict
from clicktrail.report import Filter
from clicktrail.report.accuracy import Confusion, confusion_as_json
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.pipeline.queries import described, described_history, described_reports, segment
from clicktrail.server.pipeline.rejudge import Wanted
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.processing import (
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_beside,
)

__all__ = ["read_confusion", "read_history", "read_reports", "read_segment", "rejudge_stored", "store_labels"]

Tell = Callable[[Sequence[dict[str, object]]], None]
"""Told of some people."""


def read_reports(settings: Settings, campaign: str | None, filters: Sequence[Filter] = ()) -> list[dict[str, Any]]:
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


def read_segment(settings: Settings, *, since: datetime, campaign: str | None, tell: Tell) -> None:
    """Where no engine runs: process what the journal still holds, and tell of people with a human click, by pages.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    asyncio.run(_read_segment(settings, since=since, campaign=campaign, tell=tell))


def store_labels(settings: Settings, truths: Mapping[str, Verdict]) -> None:
    """Where no engine runs: keep what really made some clicks.

    Raises:
        KeyRingError: nothing was ever started here.
        StorageError: an engine does run, or the data folder cannot be written.
    """
    keyring_file.load(settings.data / keyring_file.NAME)
    asyncio.run(_store_labels(settings, truths))


def read_confusion(settings: Settings) -> dict[str, object]:
    """Where no engine runs: process what the journal still holds, and hold verdicts against all labels.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_confusion(settings))


def rejudge_stored(settings: Settings, wanted: Wanted) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and judge again what is stored.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_rejudge_stored(settings, wanted))


async def _read_reports(settings: Settings, campaign: str | None, filters: Sequence[Filter]) -> list[dict[str, Any]]:
    if _is_new(settings):
        return []
    async with _up_to_date(settings) as analytics:
        return await described_reports(analytics, campaign, filters)


async def _read_history(settings: Settings, campaign: str, *, click: str | None, limit: int) -> dict[str, Any]:
    if _is_new(settings):
        return {}
    async with _up_to_date(settings) as analytics:
        return await described_history(analytics, campaign, click=click, limit=limit)


async def _read_segment(settings: Settings, *, since: datetime, campaign: str | None, tell: Tell) -> None:
    if _is_new(settings):
        return
    async with _up_to_date(settings) as analytics:
        async for page in segment(analytics, since=since, campaign=campaign):
            tell([described(clicker) for clicker in page])


async def _store_labels(settings: Settings, truths: Mapping[str, Verdict]) -> None:
    async with open_analytics(settings) as analytics:
        await analytics.label(truths)


async def _read_confusion(settings: Settings) -> dict[str, object]:
    if _is_new(settings):
        return confusion_as_json(Confusion(clicks={}))
    async with _up_to_date(settings) as analytics:
        return confusion_as_json(await analytics.confusion())


async def _rejudge_stored(settings: Settings, wanted: Wanted) -> list[dict[str, Any]]:
    if _is_new(settings):
        return []
    async with open_analytics(settings) as analytics:
        judge = build_judge(settings)
        processor = build_processor(settings, build_reader(settings), analytics, judge)
        await catch_up(processor)
        return await rejudge_beside(processor, analytics, judge, contextlib.nullcontext(), wanted)


def _is_new(settings: Settings) -> bool:
    """Nothing was ever recorded, and a look must leave no trace that a first start would take for more."""
    return not settings.journal.exists() and not settings.analytics.exists()


@contextlib.asynccontextmanager
async def _up_to_date(settings: Settings) -> AsyncIterator[ChdbAnalytics]:
    """Analytics with all that the journal holds, until the context ends."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        yield analytics

"""Judge again beside a processor."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from clicktrail.judge import judge
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Wanted, as_json, rejudge
from clicktrail.server.ports import Analytics
from clicktrail.server.wiring.current_judge import CurrentJudge

__all__ = ["rejudge_beside"]


async def rejudge_beside(
    processor: Processor,
    analytics: Analytics,
    current: CurrentJudge,
    turn: AbstractAsyncContextManager[object],
    wanted: Wanted,
) -> list[dict[str, Any]]:
    """Judge again, all of it by the networks of one moment; what became of each campaign.

    Args:
        processor: stores verdicts, too.
        analytics: where they are stored.
        current: the judge; as it is now.
        turn: held by whoever judges and stores, this or the processor.
        wanted: what to judge.

    Raises:
        StorageError: part of it may have been stored; the same call again does the rest.
    """
    fixed = partial(judge, context=current.context)
    try:
        return [as_json(done) async for done in rejudge(analytics, fixed, wanted, turn=turn)]
    finally:
        processor.clear()

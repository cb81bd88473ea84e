import dataclasses

from clicktrail.model.event import rfc3339
from clicktrail.model.verdict import Verdict
from clicktrail.server.pipeline.history import described_history
from tests.judged import BURST, click, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics


async def test_a_change_is_told_as_json() -> None:
    """In the shape of ``clicktrail history --json``; a campaign may have none, what is no campaign has no history."""
    analytics = MemoryAnalytics()
    before = verdict(click("m1", "1"))
    after = dataclasses.replace(before, verdict=Verdict.BOT, score=5, reasons=(BURST,))
    first = judged(sent("m1"), clicks=(before,))
    await analytics.store([], [first])
    assert {"campaign": "spring", "changes": []} == await described_history(analytics, "spring", click=None, limit=9)
    assert {} == await described_history(analytics, "autumn", click=None, limit=9)
    await analytics.store([], [dataclasses.replace(first, clicks=(after,), before={"m1-1": Verdict.HUMAN})])
    told = await described_history(analytics, "spring", click="m1-1", limit=9)
    (change,) = await analytics.history("spring", limit=9)
    expected = {
        "at": rfc3339(change.at),
        "click": "m1-1",
        "message_id": "m1",
        "from": "human",
        "to": "bot",
        "score": 5,
        "signals": ["burst"],
        "rules": "1",
    }
    assert {"campaign": "spring", "changes": [expected]} == told

from dataclasses import replace as replace_fields
from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick
from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.pipeline.erasure import ErasedRecipient
from clicktrail.server.ports import ErasedRows
from clicktrail.server.system import SystemClock
from tests.support.files import iterate_file_contents
from tests.support.judged_lines import SENT_AT, click, make_judged_click, make_judged_message, record, sent

MARY, BOB = "maryüber@example.com", "bob@example.com"


def find_files(folder: Path, recipient: str) -> list[str]:
    """Files whose bytes hold the recipient."""
    is_in_text = ErasedRecipient(recipient).is_in_text
    return [str(path) for path, content in iterate_file_contents(folder) if is_in_text(content)]


async def store_everything(analytics: ChdbAnalytics) -> None:
    """Store events of Mary and Bob in every table, and Mary's address in events that name no recipient."""
    for name, recipient in ((f"m1 {MARY}", MARY), ("m2", BOB)):
        clicked = click(name, "1", recipient=recipient)
        message = make_judged_message(sent(name, recipient=recipient), clicks=(make_judged_click(clicked),))
        await analytics.store(record(*message.timeline.events), [message])
        changed = replace_fields(
            message,
            clicks=(make_judged_click(clicked, Verdict.BOT),),
            previous_verdicts={clicked.id: Verdict.HUMAN},
        )
        await analytics.store([], [changed])
    url = f"https://shop.example/?email={quote(MARY)}"
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", url=url, verdict=Verdict.HUMAN)
    tampered = replace(click("", "t1"), url=url, tampered=True)
    await analytics.store(record(tampered), [], [anonymous])


async def test_no_file_holds_an_erased_recipient(tmp_path: Path) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, SystemClock())
    try:
        await store_everything(analytics)
        await analytics.campaign("spring")  # caches a report with links
        assert find_files(tmp_path, MARY) != []
        assert await analytics.erase("Mary <MARYÜBER@example.com>") == ErasedRows(events=3, clicks=2)
        assert find_files(tmp_path, MARY) == []
        assert find_files(tmp_path, BOB) != []
        report = await analytics.campaign("spring")
        assert report is not None
        assert (report.accepted, report.clicks.total) == (2, 1)
        assert await analytics.erase(MARY) == ErasedRows()
        assert await analytics.campaign("spring") == report
    finally:
        await analytics.close()


@pytest.mark.parametrize("recipient", ["r8F", "R8f"])
async def test_opaque_id_is_erased_where_it_is_the_recipient(tmp_path: Path, recipient: str) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, SystemClock())
    try:
        clicked = click("5/r8F", "1", recipient="r8F")
        other = replace(click("m2", "1", recipient=BOB), url="https://shop.example/?product=r8F")
        message = make_judged_message(sent("5/r8F", recipient="r8F"), clicks=(make_judged_click(clicked),))
        events = record(*message.timeline.events, other)
        await analytics.store(events, [message, make_judged_message(clicks=(make_judged_click(other),))])
        assert await analytics.erase(recipient) == (
            ErasedRows(events=2, clicks=1) if recipient == "r8F" else ErasedRows()
        )
        assert len((await analytics.timelines(["m2"]))["m2"].events) == 1
    finally:
        await analytics.close()

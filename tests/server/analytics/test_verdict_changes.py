import dataclasses

from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.verdict_changes import ChangeRow, change_rows
from tests.judged import BURST, HOSTING, click, judged, sent, verdict


def test_a_change_tells_what_it_rests_on() -> None:
    """Verdicts before and after, score and signals; of a message to several nobody but the message itself is told."""
    bot = verdict(click("m1", "1"), Verdict.BOT, BURST, HOSTING)
    first = verdict(click("m1", "2"), Verdict.BOT)
    changed = dataclasses.replace(judged(sent("m1"), clicks=(bot, first)), before={"m1-1": Verdict.HUMAN})
    assert [
        ChangeRow(
            campaign="spring",
            click_id="m1-1",
            message_id="m1",
            person="m1",
            before="human",
            after="bot",
            score=8,
            signals=("burst", "hosting-network"),
            rules="1",
            version=7,
        )
    ] == list(change_rows([changed], version=7))

from clicktrail.model.verdict import Verdict
from clicktrail.server.ports import StoredVerdict
from tests.support.judged_lines import BURST, HOSTING, click, make_judged_click


def test_stored_verdict_of_a_judged_click() -> None:
    judged = make_judged_click(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST, HOSTING)
    assert StoredVerdict.from_judged(judged, "m1") == StoredVerdict(
        click_id="m1-1",
        message_id="m1",
        person="ann@example.com",
        verdict=Verdict.BOT,
        score=8,
        counted=True,
        signals=("burst", "hosting-network"),
        rules="1",
    )


def test_click_without_recipient_is_counted_by_message() -> None:
    assert StoredVerdict.from_judged(make_judged_click(click("m1", "1")), "m1").person == "m1"

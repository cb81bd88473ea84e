from clicktrail.model.verdict import Verdict
from clicktrail.server.ports import StoredVerdict
from tests.support.judged_lines import BURST, HOSTING, click, make_judged_click


def test_a_stored_verdict_is_what_reports_need_of_it() -> None:
    of = click("m1", "1", recipient="ann@example.com")
    assert StoredVerdict(
        click_id="m1-1",
        message_id="m1",
        person="ann@example.com",
        verdict=Verdict.BOT,
        score=8,
        counted=True,
        signals=("burst", "hosting-network"),
        rules="1",
    ) == StoredVerdict.from_judged(make_judged_click(of, Verdict.BOT, BURST, HOSTING), "m1")


def test_where_nobody_is_named_a_message_is_a_person() -> None:
    assert "m1" == StoredVerdict.from_judged(make_judged_click(click("m1", "1")), "m1").person

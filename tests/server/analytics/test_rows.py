import dataclasses
import json
from datetime import timedelta

from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Engagement, decode_event, encode_event
from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.rows import (
    ClickRow,
    MessageRow,
    VerdictChangeRow,
    build_anonymous_click_rows,
    build_click_rows,
    build_event_rows,
    build_message_rows,
    build_verdict_change_rows,
)
from clicktrail.server.ports import RecordedEvent
from tests.support.events import CHROME_AGENT
from tests.support.judged_lines import (
    BURST,
    HOSTING,
    SENT_AT,
    bounced,
    click,
    make_judged_click,
    make_judged_message,
    sent,
)


def test_event_row_holds_the_line_as_it_arrived() -> None:
    line_with_unknown_field = encode_event(sent("m1"))[:-1] + b',"later":1}'
    (row,) = build_event_rows([RecordedEvent(line_with_unknown_field, sent("m1"))], version=7)
    assert (row.message_id, row.id, row.line, row.version) == ("m1", "m1-sent", line_with_unknown_field.decode(), 7)


def test_message_row_summarises_its_timeline() -> None:
    message = make_judged_message(sent("m1", recipients=3), bounced("m1"))
    assert list(build_message_rows([message], version=7)) == [
        MessageRow(
            campaign="spring",
            message_id="m1",
            sent_at="2026-11-23T09:00:00.000Z",
            recipients=3,
            links=12,
            delivered=False,
            bounced=True,
            opened=False,
            has_engagement=False,
            version=7,
            is_deleted=False,
        )
    ]


def test_click_row_holds_facts_and_verdict() -> None:
    judged = make_judged_click(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST, HOSTING)
    assert list(build_click_rows([make_judged_message(sent("m1"), clicks=(judged,))], version=7)) == [
        ClickRow(
            campaign="spring",
            hour=int(SENT_AT.timestamp()) // 3600,
            id="m1-1",
            message_id="m1",
            at="2026-11-23T09:01:00.000Z",
            person="ann@example.com",
            link=0,
            url="https://example.com/",
            link_group="",
            source="clicktrail",
            method="GET",
            ip="192.0.2.7",
            user_agent=CHROME_AGENT,
            verdict="bot",
            score=8,
            counted=True,
            signals=("burst", "hosting-network"),
            points=(5, 3),
            details=("7 links in 0.6 s", "AS64500"),
            rules="1",
            version=7,
            is_deleted=False,
        )
    ]


def test_person_with_unknown_recipient_is_the_message() -> None:
    (row,) = build_click_rows([make_judged_message(clicks=(make_judged_click(click("m1", "1")),))], version=7)
    assert row.person == "m1"


def test_rows_under_another_campaign_are_deleted() -> None:
    other_campaign = Engagement(id="e", at=SENT_AT + timedelta(minutes=2), message_id="m1", click_id="m1-1")
    message = make_judged_message(sent("m1"), other_campaign, clicks=(make_judged_click(click("m1", "1")),))
    for rows in (build_message_rows([message], version=7), build_click_rows([message], version=7)):
        assert [(row.campaign, row.is_deleted) for row in rows] == [("spring", False), ("", True)]


def test_hours_before_1970_are_floored() -> None:
    early_click = replace(click("m1", "1"), at=SENT_AT - timedelta(seconds=SENT_AT.timestamp() + 1_800))
    (row,) = build_click_rows([make_judged_message(clicks=(make_judged_click(early_click),))], version=7)
    assert row.hour == -1


def test_anonymous_click_row_holds_only_the_fields_of_the_click() -> None:
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=3, group="tiles", verdict=Verdict.BOT)
    assert list(build_anonymous_click_rows([anonymous])) == [
        ClickRow(
            campaign="spring",
            hour=int(SENT_AT.timestamp()) // 3600,
            id="a1",
            at="2026-11-23T09:00:00.000Z",
            link=3,
            url="",
            link_group="tiles",
            verdict="bot",
            version=0,
        )
    ]


def test_verdict_change_row_holds_both_verdicts_and_the_evidence() -> None:
    bot = make_judged_click(click("m1", "1"), Verdict.BOT, BURST, HOSTING)
    first_verdict = make_judged_click(click("m1", "2"), Verdict.BOT)
    message = dataclasses.replace(
        make_judged_message(sent("m1"), clicks=(bot, first_verdict)), previous_verdicts={"m1-1": Verdict.HUMAN}
    )
    assert list(build_verdict_change_rows([message], changed_at=SENT_AT, version=7)) == [
        VerdictChangeRow(
            campaign="spring",
            click_id="m1-1",
            message_id="m1",
            person="m1",
            before="human",
            after="bot",
            score=8,
            signals=("burst", "hosting-network"),
            rules="1",
            changed_at="2026-11-23T09:00:00.000Z",
            version=7,
        )
    ]


def test_stored_line_has_the_normalized_recipient_and_unknown_fields() -> None:
    line = '{"type":"click","id":"1","at":"2026-11-23T09:00:00Z","recipient":"MARYÜBER@a.example","x":[1]}'.encode()
    (row,) = build_event_rows([RecordedEvent(line, decode_event(line))], version=1)
    fields = json.loads(row.line)
    assert (fields["recipient"], fields["x"], fields["at"]) == ("maryüber@a.example", [1], "2026-11-23T09:00:00Z")

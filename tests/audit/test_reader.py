import contextlib
import csv
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.audit.building import build_event, normalise_event
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent, Bounced, Click, Deferred, Delivered, Sent, encode_event
from tests.support.audit import read_lines, read_text_lines
from tests.support.events import click, delivered, sent

LOG: list[AnyEvent] = [sent(), delivered(2), click(40, id="c")]


def test_log_round_trip() -> None:
    lines = [encode_event(event) + b"\r\n" for event in LOG]
    assert read_lines([b"\xef\xbb\xbf" + lines[0], b"\n", *lines[1:]]) == (LOG, [])


def test_invalid_lines_are_skipped_and_reported() -> None:
    lines = [b'ick"}\n', *(encode_event(event) + b"\n" for event in LOG), b'{"type":"unknown","id":"d"}\n', b'{"id":"c']
    assert read_lines(lines) == (LOG, [1, 5, 6])


def test_json_of_other_programs() -> None:
    line = (
        '{"id":"c","type":"click","at":"2026-11-23T12:00:40","link":null,"message_id":"m1","tampered":null,"new":[1]}'
    )
    (event,), unreadable = read_text_lines(line)
    assert (event.id, getattr(event, "link", None), unreadable) == ("c", -1, [])


def test_empty_file() -> None:
    assert read_lines([]) == ([], [])


@pytest.mark.parametrize("line", [b"{}\n", b'{"type":"click"}\n'])
def test_file_of_mostly_unreadable_lines_is_refused(line: bytes) -> None:
    events, unreadable = read_lines([line] * 10_000)
    assert (events, len(unreadable)) == ([], 10_000)
    with pytest.raises(ClicktrailError, match="10,001 of its first 10,001 lines are no events"):
        read_lines([line] * 10_001)


def test_long_header_is_of_no_known_format() -> None:
    with pytest.raises(ClicktrailError, match="neither an event log nor an export"):
        read_lines([b"a," * 2_000_000])


@given(st.lists(st.binary(max_size=40) | st.sampled_from([encode_event(event) for event in LOG])))
def test_any_bytes_can_be_read(lines: list[bytes]) -> None:
    with contextlib.suppress(ClicktrailError):
        events, unreadable = read_lines(line + b"\n" for line in lines)
        text = b"".join(lines)
        line_count = text.count(b"\n") + text.count(b"\r") + len(lines)
        assert len(set(unreadable)) <= line_count
        assert len(events) <= line_count + text.count(b"{")


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":' * 5_000,
        b'{"id":"c","type":"click","at":"2026-11-23T12:00:00Z","link":1e999}',
        b'{"id":"c","type":"click","at":"0001-01-01T00:00:00+10:00"}',
        b'{"id":"c","type":"anonymous_click","at":"2026-11-23T12:00:00Z"}',
    ],
)
def test_hostile_json_is_an_invalid_line(line: bytes) -> None:
    assert read_lines([line]) == ([], [1])


AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:30:00.000Z",
        "2026-11-23T10:30:00+01:00",
        "2026-11-23 09:30:00",
        "2026-11-23 09:30:00 UTC",
        "2026-11-23T09:30:00.0000000Z",
        "1795426200",
        1795426200.0,
        1795426200000,
    ],
)
def test_time_formats(text: object) -> None:
    assert build_event({"type": "click", "id": "c", "at": text}).at == AT


@pytest.mark.parametrize("text", ["", None, "noon", "9" * 400, "0001-01-01T00:00:00+10:00"])
def test_missing_or_invalid_time(text: object) -> None:
    with pytest.raises(EventError, match=r"is not a time|has no time"):
        build_event({"type": "click", "id": "c", "at": text})


def test_empty_fields_are_ignored() -> None:
    event = build_event({"type": "click", "id": "c", "at": "2026-11-23T09:30:00Z", "link": None, "esp": "", "trap": ""})
    assert event == Click(id="c", at=AT)


@pytest.mark.parametrize(
    ("flag", "bot"), [("True", True), ("False", False), ("generic", True), ("0.0", False), (1, True), ("", None)]
)
def test_esp_bot_flag(flag: object, bot: bool | None) -> None:
    event = build_event({"type": "click", "id": "c", "at": AT.isoformat(), "esp_bot": flag})
    assert event == Click(id="c", at=AT, esp_bot=bot)


def test_missing_id_is_a_hash_of_all_fields() -> None:
    fields = {"type": "click", "at": AT.isoformat(), "url": "https://a.example"}
    duplicate = build_event(dict(reversed(fields.items())))
    assert build_event(fields) == duplicate
    assert duplicate.id != build_event({**fields, "url": "https://b.example"}).id


def test_field_of_the_wrong_type() -> None:
    with pytest.raises(EventError, match="not an event"):
        build_event({"type": "click", "at": AT.isoformat(), "link": "first"})


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        ("40.94.20.1", "40.94.20.1"),
        ("40.94.20.1:4312", "40.94.20.1"),
        ("40.94.20.1, 10.0.0.2", "40.94.20.1"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8::7", "2001:DB8::7"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("", ""),
    ],
)
def test_ip_address_formats(text: str, ip: str) -> None:
    assert normalise_event(Click(id="c", at=AT, ip=text)) == Click(id="c", at=AT, ip=ip)


def test_method_and_header_names_in_any_case() -> None:
    event = Click(id="c", at=AT, method="get", headers={"Accept-Language": "de"})
    assert normalise_event(event) == Click(id="c", at=AT, method="GET", headers={"accept-language": "de"})


def test_other_events_are_not_changed() -> None:
    assert normalise_event(Sent(id="s", at=AT)) == Sent(id="s", at=AT)


def read_rows(*lines: str) -> list[AnyEvent]:
    """The events of a table without unreadable rows."""
    events, unreadable = read_text_lines(*lines)
    assert unreadable == []
    return events


def test_sendgrid_activity() -> None:
    sent, clicked = read_rows(
        "processed,message_id,event,recv_message_id,subject,from,email,originating_ip,url,user_agent",
        "2026-11-23 12:00:00,m1,processed,r1,Spring,us@shop.example,ada@reader.example,198.51.100.1,,",
        "2026-11-23 12:05:00,m1,click,r1,Spring,us@shop.example,ada@reader.example,198.51.100.1,https://shop.example,Mozilla",
    )
    assert isinstance(sent, Sent)
    assert isinstance(clicked, Click)
    assert sent.message_id == clicked.message_id
    assert (
        clicked.esp,
        clicked.recipient,
        clicked.campaign,
        clicked.url,
        clicked.ip,
        clicked.user_agent,
    ) == ("sendgrid", "ada@reader.example", "Spring", "https://shop.example", "", "Mozilla")


def test_sendgrid_webhook() -> None:
    (clicked,) = read_rows(
        "email,timestamp,event,sg_event_id,sg_message_id,url,ip,useragent,category",
        "ada@reader.example,1795426200,click,e1,m1,https://shop.example,203.0.113.9,Mozilla,spring",
    )
    assert isinstance(clicked, Click)
    assert (clicked.id, clicked.ip, clicked.campaign) == ("e1", "203.0.113.9", "spring")


def test_mailgun() -> None:
    client = "client-info.user-agent,client-info.bot"
    events = read_rows(
        f"event,id,timestamp,severity,recipient,message.headers.message-id,tags,url,ip,{client}",
        "failed,e1,1795426200.5,permanent,ada@reader.example,m1,spring,,,,",
        "failed,e2,1795426200.5,temporary,ada@reader.example,m1,spring,,,,",
        "clicked,e3,1795426200.5,,ada@reader.example,m1,spring,https://shop.example,203.0.113.9,Mozilla,generic",
        "clicked,e4,1795426200.5,,bob@reader.example,m1,spring,https://shop.example,203.0.113.9,Mozilla,",
    )
    assert [type(event) for event in events] == [Bounced, Deferred, Click, Click]
    assert [event.esp_bot for event in events if isinstance(event, Click)] == [True, None]
    assert len({event.message_id for event in events}) == 2


def test_postmark() -> None:
    events = read_rows(
        "RecordType,MessageID,Recipient,DeliveredAt,ReceivedAt,OriginalLink,UserAgent,Geo.IP,Tag",
        "Delivery,m1,ada@reader.example,2026-11-05T16:33:50.9070259Z,,,,,spring",
        "Click,m1,ada@reader.example,,2026-11-05T16:33:54.9070259Z,https://shop.example,Mozilla,203.0.113.9,spring",
    )
    assert [type(event) for event in events] == [Delivered, Click]


def test_klaviyo() -> None:
    events = read_rows(
        "Metric;Event ID;Email;Campaign Name;Datetime;URL;Bot Click;$message",
        "Received Email;e1;ada@reader.example;Sale;2026-11-01 10:00:00;;;m1",
        "Clicked Email;e2;ada@reader.example;Sale;2026-11-01 10:05:00;https://shop.example;True;m1",
        "Clicked Email;e3;bob@reader.example;Sale;2026-11-01 10:05:00;https://shop.example;False;m1",
    )
    assert [type(event) for event in events] == [Delivered, Click, Click]
    assert [event.esp_bot for event in events if isinstance(event, Click)] == [True, False]
    assert len({event.message_id for event in events}) == 2


def test_table_with_event_field_names() -> None:
    (clicked,) = read_rows("type,at,recipient,campaign,link", "click,2026-11-23T12:00:00Z,ada,spring,3")
    assert isinstance(clicked, Click)
    assert (clicked.link, clicked.message_id) == (3, "spring ada")


def test_invalid_rows_are_skipped_and_reported() -> None:
    rows = [
        "order,2026-11-23T12:00:00Z",
        "click,",
        f"click,{'x' * (csv.field_size_limit() + 1)}",
        "click,2026-11-23T12:00:00Z",
    ]
    events, unreadable = read_text_lines("type,at", *rows)
    assert (len(events), unreadable) == (1, [2, 3, 4])


def test_unknown_table() -> None:
    with pytest.raises(ClicktrailError, match="neither an event log nor an export") as caught:
        read_text_lines("email,first name", "ada@reader.example,Ada")
    assert "--columns" in caught.value.hint


def test_spellings_of_one_recipient_are_one_message() -> None:
    rows = [
        f"{kind},2026-11-18T07:00:00Z,m1,{name}"
        for kind, name in (("delivered", "Ann <ANN@a.example>"), ("click", "ann@a.example"))
    ]
    events = read_rows("type,at,message_id,recipient", *rows)
    assert {(event.message_id, event.recipient) for event in events} == {("m1 ann@a.example", "ann@a.example")}


@pytest.mark.parametrize(
    "heading",
    ["Date,Email,Campaign Name,Link", "Timestamp,Recipient,Tag,URL", "Event time,Email Address,Subject,Clicked URL"],
)
def test_table_with_common_names(heading: str) -> None:
    (clicked,) = read_rows(heading, "2026-11-18 08:06:40,ada@reader.example,spring,https://shop.example")
    assert isinstance(clicked, Click)
    assert (clicked.recipient, clicked.campaign, clicked.url) == (
        "ada@reader.example",
        "spring",
        "https://shop.example",
    )


def test_common_names_with_a_type() -> None:
    events = read_rows("Event,Date,Email", "Delivered,2026-11-18 08:00:00,ada", "Link Clicked,2026-11-18 09:00:00,ada")
    assert [type(event) for event in events] == [Delivered, Click]


def test_row_without_its_type_is_no_click() -> None:
    assert read_text_lines("at,type", "2026-11-18 08:06:40", "2026-11-18 08:06:40,") == ([], [2, 3])


def test_quotation_mark_without_end_is_reported() -> None:
    rows = ['click,2026-11-18 08:06:40,"https://shop.example,ada', "click,2026-11-18 08:06:40,u,ada"]
    assert read_text_lines("type,at,url,recipient", *rows) == ([], [3])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(separator: str) -> None:
    rows = ["type,at,recipient,campaign", "click,2026-11-18 08:06:40,ada,spring"]
    (clicked,) = read_rows(*(row.replace(",", separator) for row in rows))
    assert (clicked.recipient, clicked.campaign) == ("ada", "spring")


def test_heading_below_a_title() -> None:
    (clicked,) = read_rows("Report for November", "", "# made by hand", "type,at,recipient", "click,2026-11-18,ada")
    assert clicked.recipient == "ada"


def test_quoted_heading_with_separators_and_line_breaks() -> None:
    heading = ['"Opens, total";"first\nsecond; third";"type";"at";"recipient"', '3;x;"click";2026-11-18;"ada;b"']
    (clicked,) = read_rows(*heading)
    assert clicked.recipient == "ada;b"


def test_trailing_separators_are_no_cells() -> None:
    assert len(read_rows("type,at", "click,2026-11-18,,")) == 1


@pytest.mark.parametrize(
    "word", ["NULL", "N/A", "-", "\\N", "unknown", "(not set)", "none", "n", "f", " ", "null", "nan"]
)
def test_words_for_nothing_are_no_address_and_no_agent(word: str) -> None:
    (clicked,) = read_rows("type,at,ip,user_agent,recipient,esp_bot", f"click,2026-11-18,{word},{word},ada,{word}")
    assert isinstance(clicked, Click)
    assert (clicked.ip, clicked.user_agent, clicked.esp_bot or False) == ("", "", False)
    (logged,) = read_rows(f'{{"id":"c","type":"click","at":"2026-11-18T08:00:00Z","ip":"-","user_agent":"{"-"}"}}')
    assert isinstance(logged, Click)
    assert (logged.ip, logged.user_agent) == ("", "")


def test_campaign_may_have_the_name_unknown() -> None:
    (clicked,) = read_rows("type,at,campaign", "click,2026-11-18, unknown ")
    assert clicked.campaign == "unknown"

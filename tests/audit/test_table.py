import csv

import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.model.event import AnyEvent, Bounced, Click, Deferred, Delivered, Sent
from tests.audited import read_text


def events(*lines: str) -> list[AnyEvent]:
    """The events of a table of which every row is one."""
    found, unreadable = read_text(*lines)
    assert [] == unreadable
    return found


def test_sendgrid_activity() -> None:
    """The CSV of Email Activity tells no reader's address: originating_ip is the sender's."""
    sent, clicked = events(
        "processed,message_id,event,recv_message_id,subject,from,email,originating_ip,url,user_agent",
        "2026-11-23 12:00:00,m1,processed,r1,Spring,us@shop.example,ada@reader.example,198.51.100.1,,",
        "2026-11-23 12:05:00,m1,click,r1,Spring,us@shop.example,ada@reader.example,198.51.100.1,https://shop.example,Mozilla",
    )
    assert isinstance(sent, Sent)
    assert isinstance(clicked, Click)
    assert sent.message_id == clicked.message_id
    assert ("sendgrid", "ada@reader.example", "Spring", "https://shop.example", "", "Mozilla") == (
        clicked.esp,
        clicked.recipient,
        clicked.campaign,
        clicked.url,
        clicked.ip,
        clicked.user_agent,
    )


def test_sendgrid_webhook() -> None:
    """Events of the webhook as a table."""
    (clicked,) = events(
        "email,timestamp,event,sg_event_id,sg_message_id,url,ip,useragent,category",
        "ada@reader.example,1795426200,click,e1,m1,https://shop.example,203.0.113.9,Mozilla,spring",
    )
    assert isinstance(clicked, Click)
    assert ("e1", "203.0.113.9", "spring") == (clicked.id, clicked.ip, clicked.campaign)


def test_mailgun() -> None:
    """A failure for good is a bounce, one for now is not; what Mailgun thinks of a click is kept."""
    client = "client-info.user-agent,client-info.bot"
    found = events(
        f"event,id,timestamp,severity,recipient,message.headers.message-id,tags,url,ip,{client}",
        "failed,e1,1795426200.5,permanent,ada@reader.example,m1,spring,,,,",
        "failed,e2,1795426200.5,temporary,ada@reader.example,m1,spring,,,,",
        "clicked,e3,1795426200.5,,ada@reader.example,m1,spring,https://shop.example,203.0.113.9,Mozilla,generic",
        "clicked,e4,1795426200.5,,bob@reader.example,m1,spring,https://shop.example,203.0.113.9,Mozilla,",
    )
    assert [Bounced, Deferred, Click, Click] == [type(event) for event in found]
    assert [True, None] == [event.esp_bot for event in found if isinstance(event, Click)]
    assert 2 == len({event.message_id for event in found})


def test_postmark() -> None:
    """Times have seven digits of a second."""
    found = events(
        "RecordType,MessageID,Recipient,DeliveredAt,ReceivedAt,OriginalLink,UserAgent,Geo.IP,Tag",
        "Delivery,m1,ada@reader.example,2026-11-05T16:33:50.9070259Z,,,,,spring",
        "Click,m1,ada@reader.example,,2026-11-05T16:33:54.9070259Z,https://shop.example,Mozilla,203.0.113.9,spring",
    )
    assert [Delivered, Click] == [type(event) for event in found]


def test_klaviyo() -> None:
    """One message of a campaign has one id for all its recipients."""
    found = events(
        "Metric;Event ID;Email;Campaign Name;Datetime;URL;Bot Click;$message",
        "Received Email;e1;ada@reader.example;Sale;2026-11-01 10:00:00;;;m1",
        "Clicked Email;e2;ada@reader.example;Sale;2026-11-01 10:05:00;https://shop.example;True;m1",
        "Clicked Email;e3;bob@reader.example;Sale;2026-11-01 10:05:00;https://shop.example;False;m1",
    )
    assert [Delivered, Click, Click] == [type(event) for event in found]
    assert [True, False] == [event.esp_bot for event in found if isinstance(event, Click)]
    assert 2 == len({event.message_id for event in found})


def test_our_own_names() -> None:
    """Any table whose columns are called like the fields of an event."""
    (clicked,) = events("type,at,recipient,campaign,link", "click,2026-11-23T12:00:00Z,ada,spring,3")
    assert isinstance(clicked, Click)
    assert (3, "spring ada") == (clicked.link, clicked.message_id)


def test_rows_that_are_no_events_are_numbered() -> None:
    """An order is none, a click without a time is none, and a cell without end is none."""
    rows = [
        "order,2026-11-23T12:00:00Z",
        "click,",
        f"click,{'x' * (csv.field_size_limit() + 1)}",
        "click,2026-11-23T12:00:00Z",
    ]
    found, unreadable = read_text("type,at", *rows)
    assert (1, [2, 3, 4]) == (len(found), unreadable)


def test_an_unknown_table_is_an_error() -> None:
    """The hint says how to describe it."""
    with pytest.raises(ClicktrailError, match="neither a log of events nor an export") as refused:
        read_text("email,first name", "ada@reader.example,Ada")
    assert "--columns" in refused.value.hint

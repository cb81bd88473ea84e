"""What ESPs give, in the shapes of their public documentation. All content is made up."""

import json
from urllib.parse import urlencode

import pytest

from clicktrail.model.event import AnyEvent, Bounced, Click, Complained, Deferred, Delivered, Opened, Sent, Unsubscribed
from tests.support.audit import read_lines

UA = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
URL = "https://shop.example/a?b=1"
IP = "203.0.113.9"
ADA = "ada@reader.example"


def read_json(*documents: object, indent: int | None = None) -> list[AnyEvent]:
    """The events of JSON documents, one behind the other, all of them readable and of the same recipient."""
    events, unreadable = read_lines([json.dumps(document, indent=indent).encode() + b"\n" for document in documents])
    assert unreadable == []
    return events


def assert_click(event: AnyEvent, esp: str, campaign: str, *, ip: str = IP, user_agent: str = UA) -> None:
    assert isinstance(event, Click)
    assert (event.esp, event.campaign, event.url) == (esp, campaign, URL)
    assert (event.ip, event.user_agent) == (ip, user_agent)


SENDGRID = [
    {"email": ADA, "timestamp": 1795000000, "event": "delivered", "category": ["spring"], "sg_message_id": "m1.f.0"},
    {
        "email": ADA,
        "timestamp": 1795003600,
        "event": "click",
        "category": "spring",
        "sg_event_id": "e1",
        "sg_message_id": "m1.f.0",
        "useragent": UA,
        "ip": IP,
        "url": URL,
        "url_offset": {"index": 0, "type": "html"},
    },
]


@pytest.mark.parametrize("separator", [",", ",\r\n", ",\n", "\n", "", " , ", "\r"])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("[\n", "\n]\r\n"), ("", "")])
def test_sendgrid_webhook_in_all_spacings(separator: str, begin: str, end: str) -> None:
    text = begin + separator.join(map(json.dumps, SENDGRID)) + end
    (delivered, clicked), unreadable = read_lines([text.encode()])
    assert (type(delivered), unreadable) == (Delivered, [])
    assert_click(clicked, "sendgrid", "spring")


def test_sendgrid_webhook_bodies_one_per_line_and_pretty() -> None:
    for indent in (None, 1, 4):
        events = read_json(SENDGRID, [{**SENDGRID[1], "sg_event_id": "e2"}], indent=indent)
        assert [type(event) for event in events] == [Delivered, Click, Click]


def test_sendgrid_activity_api() -> None:
    message = {
        "from_email": "us@shop.example",
        "msg_id": "m1",
        "subject": "Spring",
        "to_email": ADA,
        "status": "delivered",
        "events": [
            {"event_name": "processed", "processed": "2026-11-18T12:00:00Z"},
            {"event_name": "delivered", "processed": "2026-11-18T12:00:02Z", "mx_server": "mx.reader.example"},
            {"event_name": "click", "processed": "2026-11-18T13:00:00Z", "url": URL, "http_user_agent": UA},
        ],
    }
    sent, delivered, clicked = read_json(message, indent=2)
    assert [type(sent), type(delivered)] == [Sent, Delivered]
    assert_click(clicked, "sendgrid", "Spring", ip="")
    assert sent.message_id == clicked.message_id


@pytest.mark.parametrize(
    ("click_word", "bounce_word"), [("click", "drop"), ("clicked", "bounced"), ("Clicks", "Dropped")]
)
def test_sendgrid_activity_table_in_both_vocabularies(click_word: str, bounce_word: str) -> None:
    heading = "processed,message_id,event,recv_message_id,subject,email,originating_ip,url,user_agent,categories\n"
    rows = (
        f"2026-11-18 12:00:00,m1,{bounce_word},r1,Spring,{ADA},198.51.100.1,,,\n"
        f'2026-11-18 12:05:00,m1,{click_word},r1,Spring,{ADA},198.51.100.1,{URL},{UA},"[""news"", ""vip""]"\n'
    )
    (bounced, clicked), unreadable = read_lines([(heading + rows).encode()])
    assert (type(bounced), unreadable) == (Bounced, [])
    assert_click(clicked, "sendgrid", "news, vip", ip="")


MAILGUN = {
    "event": "clicked",
    "id": "e1",
    "timestamp": 1795003600.25,
    "recipient": ADA,
    "tags": ["spring"],
    "ip": IP,
    "url": URL,
    "client-info": {"user-agent": UA, "bot": ""},
    "message": {"headers": {"message-id": "m1"}},
}


@pytest.mark.parametrize(
    "document",
    [
        {"items": [MAILGUN], "paging": {"next": "https://api.example/"}},
        {"signature": {"timestamp": "1", "token": "t", "signature": "s"}, "event-data": MAILGUN},
        {"start": "a", "items": [{**MAILGUN, "timestamp": None, "@timestamp": "2026-11-18T12:06:40.25Z"}]},
        [{"event-data": MAILGUN}],
        {"client-info.user-agent": UA, **{name: value for name, value in MAILGUN.items() if name != "client-info"}},
    ],
)
def test_mailgun(document: object) -> None:
    (clicked,) = read_json(document)
    assert_click(clicked, "mailgun", "spring")


def test_mailgun_logs_without_a_message() -> None:
    item = {"id": "e1", "event": "failed", "severity": "permanent", "@timestamp": "2026-07-08T16:30:18.530Z"}
    (bounced,) = read_json({"items": [item | {"recipient": ADA, "recipient-domain": "reader.example"}]})
    assert (type(bounced), bounced.recipient) == (Bounced, ADA)


def test_mailgun_legacy_form() -> None:
    fields = {"event": "clicked", "recipient": ADA, "url": URL, "ip": IP, "user-agent": UA, "tag": "spring"}
    signed = {**fields, "timestamp": "1795003600", "token": "t", "signature": "s", "Message-Id": "<m1>"}
    events, unreadable = read_lines([f"{urlencode(signed)}\n{urlencode({**signed, 'event': 'dropped'})}\n".encode()])
    assert ([type(event) for event in events], unreadable) == ([Click, Bounced], [])
    assert_click(events[0], "mailgun", "spring")


POSTMARK = {
    "OriginalLink": URL,
    "UserAgent": UA,
    "Geo": {"IP": IP},
    "MessageID": "p1",
    "Tag": "spring",
    "Recipient": ADA,
    "ReceivedAt": "2026-11-18T08:06:40.9070259Z",
}


@pytest.mark.parametrize(
    "document", [{"RecordType": "Click", **POSTMARK}, {"TotalCount": 1, "Clicks": [POSTMARK]}, POSTMARK]
)
def test_postmark(document: object) -> None:
    (clicked,) = read_json(document)
    assert_click(clicked, "postmark", "spring")


def test_postmark_opens_are_no_clicks() -> None:
    opened = {"FirstOpen": True, "MessageID": "p1", "ReceivedAt": "2026-11-18T08:06:40Z", "Recipient": ADA}
    assert [type(event) for event in read_json({"TotalCount": 1, "Opens": [opened]})] == [Opened]


def test_postmark_message_details() -> None:
    events = [
        {"Recipient": ADA, "Type": "Delivered", "ReceivedAt": "2026-11-18T07:06:40-05:00", "Details": {}},
        {"Recipient": ADA, "Type": "LinkClicked", "ReceivedAt": "2026-11-18T08:06:40-05:00", "Details": {"Link": URL}},
    ]
    delivered, clicked = read_json({"MessageID": "p1", "Tag": "spring", "ReceivedAt": "x", "MessageEvents": events})
    assert type(delivered) is Delivered
    assert_click(clicked, "postmark", "spring", ip="", user_agent="")


KLAVIYO = {
    "type": "event",
    "id": "k1",
    "attributes": {
        "timestamp": 1795003600,
        "datetime": "2026-11-18T12:06:40+00:00",
        "uuid": "u1",
        "event_properties": {"Campaign Name": "spring", "$message": "V1", "URL": URL, "Bot Click": True},
    },
    "relationships": {
        "metric": {"data": {"type": "metric", "id": "M"}},
        "profile": {"data": {"type": "profile", "id": "P"}},
    },
}
INCLUDED = [
    {"type": "metric", "id": "M", "attributes": {"name": "Clicked Email"}},
    {"type": "profile", "id": "P", "attributes": {"email": ADA}},
]


def test_klaviyo_events_api() -> None:
    for indent in (None, 1):
        (clicked,) = read_json({"data": [KLAVIYO], "included": INCLUDED}, indent=indent)
        assert_click(clicked, "klaviyo", "spring", ip="", user_agent="")
        assert isinstance(clicked, Click)
        assert clicked.esp_bot


def test_klaviyo_events_without_metrics_have_no_type() -> None:
    assert read_lines([json.dumps({"data": [KLAVIYO]}).encode()]) == ([], [1])


def test_klaviyo_system_webhook() -> None:
    event = {"external_id": "x", "topic": "event:klaviyo.clicked_email", "payload": {"data": KLAVIYO}}
    (clicked,) = read_json({"data": [event], "meta": {"version": 1}})
    assert_click(clicked, "klaviyo", "spring", ip="", user_agent="")
    assert clicked.recipient == "P"


def test_klaviyo_flows_by_their_names() -> None:
    text = f"Metric,Email,Flow Name,Datetime,URL\nClicked Email,{ADA},Welcome,2026-11-18 10:05:00,{URL}\n"
    (clicked,), unreadable = read_lines([text.encode()])
    assert unreadable == []
    assert_click(clicked, "klaviyo", "Welcome", ip="", user_agent="")


def test_other_metrics_are_no_errors() -> None:
    order = {"type": "metric", "id": "M", "attributes": {"name": "Placed Order"}}
    events, other_types = read_lines([json.dumps({"data": [KLAVIYO], "included": [order]}).encode()])
    assert (events, len(other_types)) == ([], 1)


SES = {
    "eventType": "Click",
    "click": {"ipAddress": IP, "link": URL, "timestamp": "2026-11-18T08:06:40.570Z", "userAgent": UA},
    "mail": {"destination": [ADA], "messageId": "s1", "timestamp": "x", "tags": {"campaign": ["spring"]}},
}
SNS = {"Type": "Notification", "MessageId": "n", "Message": json.dumps(SES), "Timestamp": "2026-11-18T08:06:41Z"}


@pytest.mark.parametrize(
    "document",
    [
        SES,
        SNS,
        {"Records": [{"EventSource": "aws:sns", "Sns": SNS}]},
        {"Records": [{"messageId": "q", "eventSource": "aws:sqs", "body": json.dumps(SNS)}]},
        {"version": "0", "id": "x", "detail-type": "Email Clicked", "source": "aws.ses", "detail": SES},
    ],
)
def test_ses(document: object) -> None:
    (clicked,) = read_json(document)
    assert_click(clicked, "ses", "spring")


def test_ses_firehose_without_line_ends() -> None:
    events, unreadable = read_lines([(json.dumps(SES) * 3).encode()])
    assert (len(events), unreadable) == (3, [])


@pytest.mark.parametrize(("kind", "event_type"), [("Permanent", Bounced), ("Transient", Deferred)])
def test_ses_bounces(kind: str, event_type: type) -> None:
    bounce = {"bounceType": kind, "timestamp": "2026-11-18T08:00:00Z", "bouncedRecipients": [{"emailAddress": ADA}]}
    (event,) = read_json({"notificationType": "Bounce", "bounce": bounce, "mail": SES["mail"]})
    assert type(event) is event_type


def test_ses_message_to_several_recipients_has_none() -> None:
    mail = {"destination": [ADA, "bob@reader.example"], "messageId": "s1"}
    (clicked,) = read_json({**SES, "mail": mail})
    assert (clicked.recipient, clicked.message_id) == ("", "s1")


def test_brevo() -> None:
    event = {
        "event": "click",
        "email": ADA,
        "id": 1,
        "ts_event": 1795003600,
        "ts_epoch": 1795003600000,
        "tag": "spring",
    }
    body = event | {"message-id": "<b1>", "link": URL, "sending_ip": "198.51.100.1", "user_agent": UA}
    (clicked,) = read_json(body)
    assert_click(clicked, "brevo", "spring", ip="")


def test_brevo_marketing_webhook() -> None:
    event = {
        "event": "click",
        "email": ADA,
        "camp_id": 7,
        "campaign name": "spring",
        "URL": URL,
        "ts_event": 1795003600,
    }
    (clicked,) = read_json(event)
    assert_click(clicked, "brevo", "spring", ip="", user_agent="")


def test_brevo_statistics_api() -> None:
    event = {"event": "clicks", "email": ADA, "date": "2026-11-18T12:06:40.000+01:00", "messageId": "<b1>", "link": URL}
    (clicked,) = read_json({"events": [event | {"tag": "spring", "ip": IP}]})
    assert_click(clicked, "brevo", "spring", user_agent="")


def test_hubspot() -> None:
    event = {"type": "CLICK", "created": 1795003600000, "id": "h1", "recipient": ADA, "emailCampaignId": 2, "url": URL}
    client = {"ipAddress": IP, "userAgent": UA, "filteredEvent": True, "sentBy": {"id": "s1"}}
    sent = {"type": "SENT", "created": 1795000000000, "id": "s1", "recipient": ADA, "emailCampaignId": 2}
    first, clicked = read_json({"hasMore": False, "events": [sent, event | client]})
    assert_click(clicked, "hubspot", "2")
    assert isinstance(clicked, Click)
    assert (clicked.esp_bot, clicked.message_id) == (True, first.message_id)


def test_customer_io() -> None:
    data = {"customer_id": "7", "delivery_id": "d1", "identifiers": {"email": ADA}, "campaign_id": 23, "href": URL}
    event = {"event_id": "c1", "object_type": "email", "metric": "clicked", "timestamp": 1795003600, "data": data}
    (clicked,) = read_json(event)
    assert_click(clicked, "customer.io", "23", ip="", user_agent="")
    message = [{**event, "object_type": "sms"}, {**event, "metric": "human_clicked"}]
    assert read_lines([json.dumps(message).encode()]) == ([], [1, 1])


def test_mailchimp_email_activity() -> None:
    activity = [{"action": "click", "timestamp": "2026-11-18T08:06:40+00:00", "url": URL, "ip": IP}]
    emails = [
        {"campaign_id": "spring", "email_address": ADA, "activity": activity * 2},
        {"email_address": "b@c.example"},
    ]
    events = read_json({"emails": emails[:1], "campaign_id": "spring", "total_items": 1})
    assert len(events) == 2
    assert_click(events[0], "mailchimp", "spring", user_agent="")
    batch = {"status_code": 200, "operation_id": "o", "response": json.dumps({"emails": emails})}
    assert len(read_json([batch])) == 2


MANDRILL = [
    {
        "event": "click",
        "ts": 1795003600,
        "_id": "m1",
        "ip": IP,
        "url": URL,
        "user_agent": UA,
        "msg": {"_id": "m1", "email": ADA, "ts": 1795000000, "subject": "Hi", "tags": ["spring"], "state": "sent"},
    }
]


def test_mandrill() -> None:
    (clicked,) = read_json(MANDRILL)
    assert_click(clicked, "mandrill", "spring")


def test_mandrill_form() -> None:
    (clicked,), unreadable = read_lines([urlencode({"mandrill_events": json.dumps(MANDRILL)}).encode()])
    assert unreadable == []
    assert_click(clicked, "mandrill", "spring")


def test_resend() -> None:
    click = {"ipAddress": IP, "link": URL, "timestamp": "2026-11-18T08:06:40.000Z", "userAgent": UA}
    data = {"email_id": "r1", "to": [ADA], "subject": "Hi", "tags": {"campaign": "spring"}, "click": click}
    (clicked,) = read_json({"type": "email.clicked", "created_at": "2026-11-18T08:06:41Z", "data": data})
    assert_click(clicked, "resend", "spring")


def test_iterable_webhook() -> None:
    fields = {"campaignName": "spring", "messageId": "i1", "createdAt": "2026-11-18 08:06:40 +00:00", "url": URL}
    (clicked,) = read_json(
        {"email": ADA, "eventName": "emailClick", "dataFields": fields | {"ip": IP, "userAgent": UA}}
    )
    assert_click(clicked, "iterable", "spring")


def test_iterable_export() -> None:
    row = {"createdAt": "2026-11-18 08:06:40 +00:00", "email": ADA, "campaignId": 5, "messageId": "i1", "templateId": 6}
    (clicked,) = read_json(row | {"url": URL, "ip": IP, "userAgent": UA})
    assert_click(clicked, "iterable", "5")


BRAZE = {"email_address": ADA, "campaign_name": "spring", "dispatch_id": "b1", "url": URL, "user_agent": UA}


@pytest.mark.parametrize(
    "document",
    [
        {"id": "x", "time": 1795003600, **BRAZE},
        {"id": "x", "event_type": "users.messages.email.Click", "time": 1795003600, **BRAZE},
        {"events": [{"id": "x", "event_type": "users.messages.email.Click", "time": 1795003600, "properties": BRAZE}]},
    ],
)
def test_braze(document: object) -> None:
    (clicked,) = read_json(document)
    assert_click(clicked, "braze", "spring", ip="")


def test_sparkpost() -> None:
    event = {"type": "click", "rcpt_to": ADA, "timestamp": "1795003600", "message_id": "p1", "campaign_id": "spring"}
    client = {"ip_address": IP, "user_agent": UA, "target_link_url": URL, "event_id": "e"}
    (clicked,) = read_json([{"msys": {"track_event": event | client}}])
    assert_click(clicked, "sparkpost", "spring")


def test_mailjet() -> None:
    event = {
        "event": "click",
        "time": 1795003600,
        "MessageID": 1,
        "email": ADA,
        "mj_campaign_id": 7,
        "url": URL,
        "ip": IP,
    }
    (clicked,) = read_json([event | {"customcampaign": "spring", "agent": UA}])
    assert_click(clicked, "mailjet", "spring")


@pytest.mark.parametrize(
    ("word", "event_type"),
    [
        ("Soft Bounce", Deferred),
        ("hard_bounce", Bounced),
        ("Email Opened", Opened),
        ("email.unsubscribed", Unsubscribed),
        ("spam_report", Complained),
    ],
)
def test_words_for_event_types(word: str, event_type: type) -> None:
    (event,) = read_json({"event": word, "email": ADA, "ts_event": 1795003600})
    assert type(event) is event_type


def test_json_in_cells_of_a_table() -> None:
    cell = json.dumps(SENDGRID).replace('"', '""')
    events, unreadable = read_lines([f'id,received,body\n1,2026-11-18,"{cell}"\n'.encode()])
    assert ([type(event) for event in events], unreadable) == ([Delivered, Click], [])

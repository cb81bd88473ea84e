"""Rows of the analytics tables, built from events, messages and judged clicks.

All rows of a message are stored under the campaign of its timeline, even where an event names another one. Rows that
an earlier version of the timeline may have stored under another campaign are marked as deleted. So the numbers do not
depend on the order in which events arrive.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from clicktrail.judge.evidence import hash_user_agent
from clicktrail.model.event import (
    AnonymousClick,
    AnyEvent,
    Bounced,
    Click,
    Conversion,
    Delivered,
    Engagement,
    Opened,
    format_rfc3339,
)
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.ports import JudgedMessage, RecordedEvent

_SECONDS_PER_HOUR = 3_600


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``events``."""

    message_id: str
    at: str
    id: str
    type: str
    click_id: str
    line: str
    version: int


class AddressClickRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``address_clicks``."""

    ip: str
    at: str
    id: str
    message_id: str
    recipient: str
    tampered: bool
    user_agent_hash: int


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``messages``."""

    campaign: str
    message_id: str
    sent_at: str | None
    recipients: int
    links: int
    delivered: bool
    bounced: bool
    opened: bool
    has_engagement: bool
    version: int
    is_deleted: bool


class ClickRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``clicks``. Fields with a default are not recorded for an anonymous click."""

    campaign: str
    hour: int
    id: str
    message_id: str = ""
    at: str
    person: str = ""
    link: int
    url: str
    link_group: str
    source: str = ""
    method: str = ""
    ip: str = ""
    user_agent: str = ""
    verdict: str
    score: int = 0
    counted: bool = True
    signals: tuple[str, ...] = ()
    points: tuple[int, ...] = ()
    details: tuple[str, ...] = ()
    rules: str = ""
    version: int
    is_deleted: bool = False


class VerdictChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``verdict_changes``."""

    campaign: str
    click_id: str
    message_id: str
    person: str
    before: str
    after: str
    score: int
    signals: tuple[str, ...]
    rules: str
    changed_at: str
    version: int


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``labels``."""

    click_id: str
    truth: str
    version: int


def build_event_rows(events: Iterable[RecordedEvent], *, version: int) -> Iterator[EventRow]:
    """A row for each event."""
    for line, event in events:
        yield EventRow(
            message_id=event.message_id,
            at=format_rfc3339(event.at),
            id=event.id,
            type=str(event.__struct_config__.tag),
            click_id=event.click_id if isinstance(event, Engagement | Conversion) else "",
            line=_decode_line(line, event),
            version=version,
        )


def build_address_click_rows(events: Iterable[AnyEvent]) -> Iterator[AddressClickRow]:
    """Rows of the clicks with an IP address."""
    for event in events:
        if isinstance(event, Click) and event.ip:
            yield AddressClickRow(
                ip=event.ip,
                at=format_rfc3339(event.at),
                id=event.id,
                message_id=event.message_id,
                recipient=normalize_recipient(event.recipient),
                tampered=event.tampered,
                user_agent_hash=hash_user_agent(event.user_agent),
            )


def build_message_rows(messages: Iterable[JudgedMessage], *, version: int) -> Iterator[MessageRow]:
    """A row for each message with other events than clicks, and deleted rows under its former campaigns."""
    for message in messages:
        timeline = message.timeline
        former_campaigns = _find_former_campaigns(timeline)
        if not message.has_message_events and not former_campaigns:
            continue
        sent = timeline.sent
        types = {type(event) for event in timeline.events}
        row = MessageRow(
            campaign=timeline.campaign,
            message_id=timeline.message_id,
            sent_at=format_rfc3339(sent.at) if sent else None,
            recipients=sent.recipients if sent else 0,
            links=sent.links if sent else 0,
            delivered=Delivered in types,
            bounced=Bounced in types,
            opened=Opened in types,
            has_engagement=Engagement in types,
            version=version,
            is_deleted=False,
        )
        yield row
        for campaign in former_campaigns:
            yield msgspec.structs.replace(row, campaign=campaign, is_deleted=True)


def build_click_rows(messages: Iterable[JudgedMessage], *, version: int) -> Iterator[ClickRow]:
    """A row for each judged click, and deleted rows under the message's former campaigns."""
    for message in messages:
        former_campaigns = _find_former_campaigns(message.timeline)
        for judged in message.clicks:
            row = _build_click_row(
                judged, message_id=message.timeline.message_id, campaign=message.timeline.campaign, version=version
            )
            yield row
            for campaign in former_campaigns:
                yield msgspec.structs.replace(row, campaign=campaign, is_deleted=True)


def build_anonymous_click_rows(clicks: Iterable[AnonymousClick]) -> Iterator[ClickRow]:
    """A row for each anonymous click.

    Its version is always 0. An anonymous click never changes, and a version shared with other rows would reveal when
    it was made.
    """
    for click in clicks:
        yield ClickRow(
            campaign=click.campaign,
            hour=hours_since_epoch(click.at),
            id=click.id,
            at=format_rfc3339(click.at),
            link=click.link,
            url=click.url,
            link_group=click.group,
            verdict=click.verdict,
            version=0,
        )


def build_verdict_change_rows(
    messages: Iterable[JudgedMessage], *, changed_at: datetime, version: int
) -> Iterator[VerdictChangeRow]:
    """A row for each click whose verdict has changed."""
    for message in messages:
        for previous_verdict, judged in message.changed_clicks:
            yield VerdictChangeRow(
                campaign=message.timeline.campaign,
                click_id=judged.click.id,
                message_id=message.timeline.message_id,
                person=find_person(judged.click, message.timeline.message_id),
                before=previous_verdict,
                after=judged.verdict,
                score=judged.score,
                signals=tuple(reason.signal for reason in judged.reasons),
                rules=judged.rules,
                changed_at=format_rfc3339(changed_at),
                version=version,
            )


def find_person(click: Click, message_id: str) -> str:
    """The person that a click is counted for: the recipient, else the message."""
    return normalize_recipient(click.recipient) or message_id


def hours_since_epoch(at: datetime) -> int:
    """Hours since 1970, floored: negative before 1970."""
    return int(at.timestamp() // _SECONDS_PER_HOUR)


def _decode_line(line: bytes, event: AnyEvent) -> str:
    """The line as it arrived, but with a normalized recipient."""
    # Bytes that are not UTF-8 can only be inside unknown fields: known ones were decoded as UTF-8.
    text = line.decode("utf-8", errors="replace")
    if not event.recipient or msgspec.json.encode(event.recipient) in line:
        return text
    fields = msgspec.json.decode(text, type=dict[str, object])
    return msgspec.json.encode(fields | {"recipient": event.recipient}).decode()


def _build_click_row(judged: JudgedClick, *, message_id: str, campaign: str, version: int) -> ClickRow:
    click = judged.click
    return ClickRow(
        campaign=campaign,
        hour=hours_since_epoch(click.at),
        id=click.id,
        message_id=message_id,
        at=format_rfc3339(click.at),
        person=find_person(click, message_id),
        link=click.link,
        url=click.url,
        link_group=click.group,
        source=click.esp or click.source,
        method=click.method,
        ip=click.ip,
        user_agent=click.user_agent,
        verdict=judged.verdict,
        score=judged.score,
        counted=judged.counted,
        signals=tuple(reason.signal for reason in judged.reasons),
        points=tuple(reason.points for reason in judged.reasons),
        details=tuple(reason.detail for reason in judged.reasons),
        rules=judged.rules,
        version=version,
    )


def _find_former_campaigns(timeline: Timeline) -> set[str]:
    return {event.campaign for event in timeline.events} - {timeline.campaign}

"""Sample messages with judged clicks."""

from datetime import UTC, datetime, timedelta

from clicktrail.model.event import AnyEvent, Bounced, Click, Delivered, Sent, decode_event, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from clicktrail.server.ports import JudgedMessage, RecordedEvent
from tests.support.events import CHROME_AGENT

SENT_AT = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
BURST = Reason(signal="burst", points=5, detail="7 links in 0.6 s")
ENGAGED = Reason(signal="engaged", points=-8, detail="pressed, scrolled or typed")
HOSTING = Reason(signal="hosting-network", points=3, detail="AS64500")


def sent(message_id: str, *, campaign: str = "spring", recipient: str = "", recipients: int = 1) -> Sent:
    """The message's sent event, at SENT_AT."""
    return Sent(
        id=f"{message_id}-sent",
        at=SENT_AT,
        campaign=campaign,
        message_id=message_id,
        recipient=recipient,
        links=12,
        recipients=recipients,
    )


def delivered(message_id: str, *, campaign: str = "spring") -> Delivered:
    """The message's delivery, five seconds later."""
    return Delivered(
        id=f"{message_id}-delivered", at=SENT_AT + timedelta(seconds=5), campaign=campaign, message_id=message_id
    )


def bounced(message_id: str, *, campaign: str = "spring") -> Bounced:
    """The message's bounce, five seconds later."""
    return Bounced(
        id=f"{message_id}-bounced", at=SENT_AT + timedelta(seconds=5), campaign=campaign, message_id=message_id
    )


def click(message_id: str, name: str, *, campaign: str = "spring", recipient: str = "", after_s: float = 60) -> Click:
    """A click on the first link, by default one minute after the message was sent."""
    return Click(
        id=f"{message_id}-{name}",
        at=SENT_AT + timedelta(seconds=after_s),
        campaign=campaign,
        message_id=message_id,
        recipient=recipient,
        link=0,
        url="https://example.com/",
        ip="192.0.2.7",
        user_agent=CHROME_AGENT,
    )


def make_judged_click(
    event: Click, verdict: Verdict = Verdict.HUMAN, *reasons: Reason, counted: bool = True, rules: str = "1"
) -> JudgedClick:
    score = sum(reason.points for reason in reasons)
    return JudgedClick(click=event, verdict=verdict, score=score, reasons=reasons, counted=counted, rules=rules)


def make_judged_message(*events: AnyEvent, clicks: tuple[JudgedClick, ...] = ()) -> JudgedMessage:
    """A message with these events and judged clicks."""
    all_events = (*events, *(click.click for click in clicks))
    return JudgedMessage(timeline=Timeline.from_events(all_events[0].message_id, all_events), clicks=clicks)


def record(*events: AnyEvent) -> list[RecordedEvent]:
    """These events as the journal returns them."""
    return [RecordedEvent(line, decode_event(line)) for line in map(encode_event, events)]


def record_events(*messages: JudgedMessage) -> list[RecordedEvent]:
    """The events of these messages as the journal returns them."""
    return [recorded for message in messages for recorded in record(*message.timeline.events)]

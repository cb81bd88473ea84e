"""Events that the edge, the relay and ESPs record for a message."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from bench.population.message import Message
from bench.population.plan import PageActivity, PlannedRequest
from clicktrail.model.event import Bounced, Click, Delivered, Engagement, Sent

_RECORDED_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "purpose", "referer", "signature-agent"}
)
"""Headers that the edge records, besides ``sec-`` headers, which browsers send only over TLS."""

_HTTP_ACCEPT_ENCODING: Final = "gzip, deflate"
"""Browsers accept newer encodings only over TLS."""

_ENGAGEMENT_TIMES_S: Final = {
    PageActivity.UNSEEN: (),
    PageActivity.LOADED: (("loaded", 1),),
    PageActivity.ENGAGED: (("loaded", 1), ("engaged", 9)),
}
"""Kind of each engagement event, and its seconds after the click."""


def record_sent(message: Message) -> Sent:
    return Sent(
        id=f"sent-{message.message_id}",
        at=message.sent_at,
        campaign=message.campaign.name,
        message_id=message.message_id,
        recipient=message.recipient,
        links=message.content.link_count + message.content.has_trap,
    )


def record_delivered(message: Message) -> Iterator[Delivered | Bounced]:
    """Delivery or bounce event of an ESP: whole seconds of its own clock. Some campaigns have none."""
    if message.campaign.reports_deliveries:
        event_type, label = (Bounced, "bounced") if message.is_bounced else (Delivered, "delivered")
        yield event_type(
            id=f"{label}-{message.message_id}",
            at=(message.delivered_at + message.campaign.clock_skew).replace(microsecond=0),
            campaign=message.campaign.name,
            message_id=message.message_id,
            recipient=message.recipient,
        )


def record_click(message: Message, request: PlannedRequest, *, click_id: str) -> Click:
    """Click event of the edge; one with a tampered token has no message, recipient and campaign."""
    https = message.campaign.uses_https
    click = Click(
        id=click_id,
        at=max(message.sent_at, message.delivered_at + timedelta(seconds=request.delay_s)),
        method=request.method,
        ip=request.ip,
        user_agent=request.headers.get("user-agent", ""),
        headers=_select_headers(request, https=https),
        https=https,
    )
    if request.is_tampered:
        return replace(click, url=f"{message.message_id}%27/", tampered=True)
    return replace(
        click,
        campaign=message.campaign.name,
        message_id=message.message_id,
        recipient=message.recipient,
        link=request.link,
        url=f"https://shop.example/{message.campaign.name}/{request.link}",
        trap=request.link >= message.content.link_count,
    )


def record_engagements(click: Click, page_activity: PageActivity) -> Iterator[Engagement]:
    for kind, after_s in _ENGAGEMENT_TIMES_S[page_activity]:
        yield Engagement(
            id=f"{click.id}-{kind}",
            at=click.at + timedelta(seconds=after_s),
            campaign=click.campaign,
            message_id=click.message_id,
            recipient=click.recipient,
            click_id=click.id,
            kind=kind,
            dwell_ms=after_s * 1_000,
        )


def _select_headers(request: PlannedRequest, *, https: bool) -> dict[str, str]:
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in _RECORDED_HEADERS or (name.startswith("sec-") and (https or name == "sec-purpose"))
    }
    return (
        headers if https or "accept-encoding" not in headers else {**headers, "accept-encoding": _HTTP_ACCEPT_ENCODING}
    )

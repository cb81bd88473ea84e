"""What edge, relay and ESPs tell of a message."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from bench.population.message import Message
from bench.population.plan import Page, Request
from clicktrail.model.event import Click, Delivered, Engagement, Sent

__all__ = ["click", "delivered", "engagements", "sent"]

_KEPT: Final = frozenset({"accept", "accept-encoding", "accept-language", "purpose", "referer"})
"""Headers that the edge keeps, and all that begin with ``sec-``. Of those, browsers send none to a site without TLS."""

_WITHOUT_TLS: Final = "gzip, deflate"
"""Browsers ask for newer encodings by TLS only."""

_TOLD: Final = {
    Page.UNSEEN: (),
    Page.LOADED: (("loaded", 1),),
    Page.ENGAGED: (("loaded", 1), ("engaged", 9)),
}
"""Seconds after the click at which a landing page tells something."""


def sent(message: Message) -> Sent:
    """The relay's event."""
    return Sent(
        id=f"sent-{message.message_id}",
        at=message.sent_at,
        campaign=message.campaign.name,
        message_id=message.message_id,
        recipient=message.recipient,
        links=message.letter.links + message.letter.trap,
    )


def delivered(message: Message) -> Iterator[Delivered]:
    """An ESP's event, in full seconds by its own clock, if it tells at all."""
    if message.campaign.tells_deliveries:
        yield Delivered(
            id=f"delivered-{message.message_id}",
            at=(message.arrived_at + message.campaign.skew).replace(microsecond=0),
            campaign=message.campaign.name,
            message_id=message.message_id,
            recipient=message.recipient,
        )


def click(message: Message, request: Request, *, click_id: str) -> Click:
    """The edge's event; a damaged token names nobody."""
    https = message.campaign.https
    recorded = Click(
        id=click_id,
        at=max(message.sent_at, message.arrived_at + timedelta(seconds=request.at)),
        method=request.method,
        ip=request.ip,
        user_agent=request.headers.get("user-agent", ""),
        headers=_kept(request, https=https),
        https=https,
    )
    if request.damaged:
        return replace(recorded, url=f"{message.message_id}%27/", tampered=True)
    return replace(
        recorded,
        campaign=message.campaign.name,
        message_id=message.message_id,
        recipient=message.recipient,
        link=request.link,
        url=f"https://shop.example/{message.campaign.name}/{request.link}",
        trap=request.link >= message.letter.links,
    )


def engagements(click: Click, page: Page) -> Iterator[Engagement]:
    """What a landing page with our script tells."""
    for kind, after_s in _TOLD[page]:
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


def _kept(request: Request, *, https: bool) -> dict[str, str]:
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in _KEPT or (name.startswith("sec-") and (https or name == "sec-purpose"))
    }
    return headers if https or "accept-encoding" not in headers else {**headers, "accept-encoding": _WITHOUT_TLS}

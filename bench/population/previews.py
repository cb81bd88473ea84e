"""Programs that fetch a link for someone who has not followed it."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Request
from clicktrail.demo.population import browsers, networks

__all__ = ["PREVIEWS"]

_SLACK: Final = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
_TEAMS: Final = "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"
_IMESSAGE: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
)
_PREFETCH: Final = {
    **browsers.chrome("en-GB,en;q=0.9", webmail="https://mail.google.com"),
    "sec-purpose": "prefetch",
    "purpose": "prefetch",
}


def _fetch(letter: Letter, luck: Luck, *, origins: tuple[str, ...], headers: Mapping[str, str]) -> Iterator[Request]:
    yield Request(
        at=luck.waiting("preview delay", 5_000, 1.5),
        link=luck.choice(letter.inviting),
        ip=luck.address(origins),
        headers=headers,
        kind=Kind.PREVIEW,
    )


def _preview(name: str, *, origins: tuple[str, ...], headers: Mapping[str, str]) -> Actor:
    return Actor(name=name, plan=partial(_fetch, origins=origins, headers=headers))


PREVIEWS: Final = (
    _preview("preview, Slack", origins=networks.AMAZON, headers=browsers.library(_SLACK)),
    _preview("preview, Teams", origins=networks.MICROSOFT, headers=browsers.library(_TEAMS)),
    _preview("preview, iMessage", origins=networks.MOBILE, headers=browsers.library(_IMESSAGE)),
    _preview("preview, WhatsApp", origins=networks.MOBILE, headers=browsers.library("WhatsApp/2.26.11.78 A")),
    _preview("browser, prefetch", origins=networks.HOMES, headers=_PREFETCH),
)

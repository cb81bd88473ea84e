"""Programs that fetch a link for someone who has not clicked: chat previews and prefetching browsers."""

from collections.abc import Iterator
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import Headers
from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.received import Letter

__all__ = ["PREVIEWS"]


def _slack(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Reads the beginning of the page only (api.slack.com/robots)."""
    agent = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
    headers = {**browsers.library(agent), "range": "bytes=0-32768"}
    return _once(letter, chance, ip=chance.address(networks.AMAZON), headers=headers)


def _teams(letter: Letter, chance: Chance) -> Iterator[Request]:
    agent = "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"
    return _once(letter, chance, ip=chance.address(networks.MICROSOFT), headers=browsers.library(agent))


def _imessage(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Asked for by the phone itself, from its own address."""
    agent = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
        "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    )
    headers = {**browsers.library(agent), "accept-language": "en-GB,en;q=0.9"}
    return _once(letter, chance, ip=chance.address(networks.MOBILE), headers=headers)


def _whatsapp(letter: Letter, chance: Chance) -> Iterator[Request]:
    headers = browsers.library("WhatsApp/2.26.11.78 A")
    return _once(letter, chance, ip=chance.address(networks.MOBILE), headers=headers)


def _prefetch(letter: Letter, chance: Chance) -> Iterator[Request]:
    """A browser that fetches ahead and says so (WHATWG Fetch, section "Sec-Purpose header")."""
    headers = {
        **browsers.chrome("en-GB,en;q=0.9", webmail="https://mail.google.com"),
        "sec-purpose": "prefetch",
        "purpose": "prefetch",
    }
    return _once(letter, chance, ip=chance.address(networks.HOMES), headers=headers)


PREVIEWS: Final = (
    Actor(name="preview, Slack", plan=_slack),
    Actor(name="preview, Teams", plan=_teams),
    Actor(name="preview, iMessage", plan=_imessage),
    Actor(name="preview, WhatsApp", plan=_whatsapp),
    Actor(name="browser, prefetch", plan=_prefetch),
)
"""Every kind, in turn."""


def _once(letter: Letter, chance: Chance, *, ip: str, headers: Headers) -> Iterator[Request]:
    yield Request(at=chance.delay(4, 40), url=chance.choice(letter.inviting), ip=ip, headers=headers)
